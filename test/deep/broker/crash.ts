/**
 * Kills the message manager with kill −9 under load, again and again, and counts what acknowledged messages became of:
 * `npx tsx test/deep/broker/crash.ts [rounds]`. Exits 1 when one is missing, out of order, or doubled at QoS 2.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Publisher, Subscriber } from './clients.js';

const ROUNDS = Number(process.argv[2] ?? 200);
const SERVER = fileURLToPath(new URL('./server.ts', import.meta.url));

interface Running {
  readonly child: ChildProcess;
  readonly port: number;
}

/** A process that has everything loaded and waits to be told to open the store. */
function prepare(folder: string): Promise<ChildProcess> {
  const child = fork(SERVER, [folder], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: ['--import', 'tsx'],
  });
  return heard(child).then(() => child);
}

async function start(ready: Promise<ChildProcess>): Promise<Running> {
  const child = await ready;
  child.send('go');
  const { port = 0 } = await heard(child);
  return { child, port };
}

function heard(child: ChildProcess): Promise<{ readonly port?: number }> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`the broker ended with ${code}`));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message as { port?: number });
    });
  });
}

function kill({ child }: Running): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

const folder = await mkdtemp(join(tmpdir(), 'greenlight-crash-'));
const began = Date.now();
const publishers = [new Publisher('p-4', 4), new Publisher('p-5', 5)];
// one of each version is online, one comes back now and then, and one seldom
const subscribers = ([4, 5] as const).flatMap((version) => [
  new Subscriber(`online-${version}`, version, 1),
  new Subscriber(`sometimes-${version}`, version, 3),
  new Subscriber(`seldom-${version}`, version, 20),
]);
let failed = true;
try {
  let server = await start(prepare(folder));
  for (const subscriber of subscribers) await subscriber.connect(server.port);
  for (const subscriber of subscribers) subscriber.leave();
  for (let round = 0; round < ROUNDS; round += 1) {
    const next = prepare(folder);
    const here = subscribers.filter(({ every }) => round % every === 0);
    await Promise.all([...here, ...publishers].map((client) => client.connect(server.port)));
    // the load is short, so that no queue overflows: what is dropped for want of room is not lost by a crash
    await next;
    const load = Promise.all(publishers.map((publisher) => publisher.load()));
    await new Promise((resolve) => setTimeout(resolve, 30 + Math.random() * 170));
    await kill(server);
    await load;
    for (const client of [...subscribers, ...publishers]) client.leave();
    server = await start(next);
    if (round % 20 === 19) process.stdout.write(`${round + 1} `);
  }
  // what was not acknowledged is sent again, and everybody takes what is owed
  await Promise.all([...publishers, ...subscribers].map((client) => client.connect(server.port)));
  await Promise.all(publishers.map((publisher) => publisher.finish()));
  await Promise.all(subscribers.map((subscriber) => subscriber.drained(publishers)));
  await kill(server);
  const total = { acknowledged: 0, missing: 0, disordered: 0, doubled: 0, altered: 0, resent: 0 };
  for (const publisher of publishers) total.acknowledged += publisher.acknowledged.size;
  for (const subscriber of subscribers) {
    const verdict = subscriber.judge(publishers);
    if (process.env.CRASH_VERBOSE) console.log(subscriber.name, verdict);
    total.missing += verdict.missing;
    total.disordered += verdict.disordered;
    total.doubled += verdict.doubled;
    total.altered += verdict.altered;
    total.resent += verdict.resent;
  }
  failed =
    total.missing + total.disordered + total.doubled + total.altered > 0 || total.acknowledged < ROUNDS;
  const seconds = Math.round((Date.now() - began) / 1_000);
  console.log(
    `\nmessage manager: ${ROUNDS} × kill −9 in ${seconds} s, ${subscribers.length} persistent subscribers; ` +
      `acknowledged ${total.acknowledged}, missing ${total.missing}, out of order ${total.disordered}, ` +
      `QoS 2 doubled ${total.doubled}, altered ${total.altered} (QoS 1 repeated ${total.resent})`,
  );
} finally {
  for (const client of [...subscribers, ...publishers]) client.leave();
  await rm(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
