import type { CoreAddress, Credentials } from '../../src/things/connection.js';
import { connectMqtt } from '../../src/things/mqtt.js';

/** Updates of the thing's own shadow, `inFlight` of them unanswered at once; resolves when all are accepted. */
export async function updates(
  address: CoreAddress,
  credentials: Credentials,
  count: number,
  inFlight: number,
): Promise<void> {
  const topic = `$aws/things/${credentials.thing}/shadow/update`;
  let [sent, accepted] = [0, 0];
  let done: () => void = () => {};
  let failed: (error: Error) => void = () => {};
  const all = new Promise<void>((resolve, reject) => {
    [done, failed] = [resolve, reject];
  });
  const next = (): void => {
    if (sent === count) return;
    sent += 1;
    connection.publish(topic, `{"state":{"reported":{"property":"G","n":${sent}}}}`).catch(failed);
  };
  const connection = await connectMqtt({
    address,
    credentials,
    onMessage: (from) => {
      if (from.endsWith('/rejected')) failed(new Error('an update was rejected'));
      accepted += 1;
      if (accepted === count) done();
      else next();
    },
    onClose: () => failed(new Error('the connection ended')),
    signal: new AbortController().signal,
  });
  try {
    await connection.subscribe([`${topic}/accepted`, `${topic}/rejected`]);
    for (let n = 0; n < inFlight; n += 1) next();
    await all;
  } finally {
    failed = () => {};
    await connection.close();
  }
}
