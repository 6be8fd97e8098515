import { LightClient, publication } from './client.js';

/** What each client publishes and what it hears as the answer. */
export interface Talk {
  readonly request: (client: number) => { readonly topic: string; readonly payload: string };
  readonly answer: (client: number) => string;
}

/** Each client's own thing: update, heard as accepted. */
export const SHADOW_UPDATE: Talk = {
  request: (client) => ({
    topic: `$aws/things/Bench${client}/shadow/update`,
    payload: '{"state":{"reported":{"property":"G","count":1234,"lamp":{"red":false,"green":true}}}}',
  }),
  answer: (client) => `$aws/things/Bench${client}/shadow/update/accepted`,
};

/** The same message, echoed by the broker alone. */
export const ECHO: Talk = {
  request: (client) => ({ topic: `bench/${client}`, payload: SHADOW_UPDATE.request(client).payload }),
  answer: (client) => `bench/${client}`,
};

const MAX_UNANSWERED = 9;

export async function openClients(port: number, count: number, talk: Talk): Promise<LightClient[]> {
  const clients: LightClient[] = [];
  for (let client = 0; client < count; client += 1) {
    clients.push(await LightClient.open(port, `bench-${client}`, talk.answer(client)));
  }
  return clients;
}

/** Answers in so much time, each client keeping so many requests unanswered. */
export async function throughput(
  clients: readonly LightClient[],
  talk: Talk,
  inFlight: number,
  ms: number,
): Promise<number> {
  let answered = 0;
  let isOver = false;
  clients.forEach((client, index) => {
    const { topic, payload } = talk.request(index);
    const message = publication(topic, payload);
    client.onMessage(() => {
      answered += 1;
      if (!isOver) client.publish(message);
    });
    for (let count = 0; count < inFlight; count += 1) client.publish(message);
  });
  await sleep(ms / 4);
  const before = answered;
  const began = performance.now();
  await sleep(ms);
  const rate = ((answered - before) * 1000) / (performance.now() - began);
  isOver = true;
  await sleep(200);
  return rate;
}

/** Milliseconds from request to answer, requests spread over the clients at a fixed rate per second. */
export async function latencies(
  clients: readonly LightClient[],
  talk: Talk,
  rate: number,
  count: number,
): Promise<number[]> {
  const samples: number[] = [];
  const asked = clients.map((): number[] => []);
  const messages = clients.map((_, index) => {
    const { topic, payload } = talk.request(index);
    return publication(topic, payload);
  });
  clients.forEach((client, index) => {
    client.onMessage(() => samples.push(performance.now() - (asked[index]?.shift() ?? Number.NaN)));
  });
  const began = performance.now();
  for (let sent = 0; sent < count; ) {
    const due = Math.min(count, Math.floor(((performance.now() - began) * rate) / 1000));
    for (; sent < due; sent += 1) {
      const index = sent % clients.length;
      // the service answers the eleventh unanswered request of a client with 429
      if ((asked[index]?.length ?? 0) >= MAX_UNANSWERED) break;
      asked[index]?.push(performance.now());
      clients[index]?.publish(messages[index] as Buffer);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  for (let wait = 0; samples.length < count && wait < 200; wait += 1) await sleep(10);
  return samples;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
