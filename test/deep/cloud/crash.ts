/**
 * 300 greens while everything dies: the database server is killed and started again, its answers are late, lost,
 * throttled or failures, and the application is killed −9 at random. Then there must be 100 rows, each right, none twice.
 * `npx tsx test/deep/cloud/crash.ts [SEED]`; exit code 1 when it is not so.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request as httpRequest } from 'node:http';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { expectedRow } from './cars.js';

const GREENS = 300;
const ROWS = GREENS / 3;
const LIMIT_MS = 220_000;
const seed = Number(process.argv[2] ?? Date.now() % 1_000_000);
const random = mulberry(seed);
const here = dirname(fileURLToPath(import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'greenlight-crash-'));
const figures = {
  appKills: 0,
  serverKills: 0,
  passed: 0,
  throttled: 0,
  failed: 0,
  late: 0,
  lostBefore: 0,
  lostAfter: 0,
};
const began = Date.now();

const port = await freePort();
let server = await startServer();
const proxy = createServer(async (incoming, outgoing) => {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const dice = random();
  if (dice < 0.08) {
    figures.throttled += 1;
    const hard = random() < 0.5;
    outgoing.writeHead(hard ? 429 : 400, { 'content-type': 'application/x-amz-json-1.0' });
    return outgoing.end(
      '{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}',
    );
  }
  if (dice < 0.14) {
    figures.failed += 1;
    outgoing.writeHead(random() < 0.5 ? 500 : 503);
    return outgoing.end('{"__type":"InternalServerError"}');
  }
  if (dice < 0.18) {
    figures.lostBefore += 1;
    return outgoing.destroy();
  }
  const lose = dice < 0.28;
  if (dice > 0.9) {
    figures.late += 1;
    await sleep(200 + random() * 800);
  }
  const forwarded = httpRequest(
    { host: '127.0.0.1', port, method: incoming.method, path: incoming.url, headers: incoming.headers },
    async (answer) => {
      const parts: Buffer[] = [];
      try {
        for await (const part of answer) parts.push(part as Buffer);
      } catch {
        // the server was killed in the middle of its answer
        return outgoing.destroy();
      }
      if (lose) {
        figures.lostAfter += 1;
        return outgoing.destroy();
      }
      figures.passed += 1;
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      return outgoing.end(Buffer.concat(parts));
    },
  );
  forwarded.on('error', () => outgoing.destroy());
  return forwarded.end(body);
});
proxy.listen(0, '127.0.0.1');
await once(proxy, 'listening');
const endpoint = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;

let done = false;
const killing = (async () => {
  while (!done) {
    await sleep(1_500 + random() * 2_500);
    if (done) return;
    figures.serverKills += 1;
    server.kill('SIGKILL');
    await once(server, 'exit');
    await sleep(random() * 1_500);
    server = await startServer();
  }
})();

let progress = { greens: 0, owed: -1 };
for (;;) {
  const app = fork(join(here, 'crossing.ts'), [join(folder, 'state'), endpoint, String(GREENS), '15'], {
    execArgv: ['--no-warnings', '--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  app.on('message', (message) => {
    progress = { ...progress, ...(message as object) };
  });
  const exited = once(app, 'exit') as Promise<[number | null]>;
  const ended = await Promise.race([exited, sleep(900 + random() * 3_500).then(() => undefined)]);
  if (ended !== undefined) {
    if (ended[0] !== 0) await fail(`the application ended with code ${ended[0]}`);
    break;
  }
  app.kill('SIGKILL');
  figures.appKills += 1;
  await exited;
  if (Date.now() - began > LIMIT_MS) await fail(`not done in time: ${JSON.stringify(progress)}`);
}
done = true;
await killing;

const client = new DynamoDBClient({
  region: 'us-east-1',
  endpoint: `http://127.0.0.1:${port}`,
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});
const { Items = [] } = await client.send(new ScanCommand({ TableName: 'CarStats', ConsistentRead: true }));
const rows = Items.map((item) => unmarshall(item)).sort((a, b) => a.Window - b.Window);
client.destroy();
const problems: string[] = [];
if (rows.length !== ROWS) problems.push(`${rows.length} rows instead of ${ROWS}`);
const windows = new Set(rows.map((row) => row.Window));
if (windows.size !== rows.length) problems.push(`${rows.length - windows.size} windows are there twice`);
for (const row of rows) {
  for (const [key, value] of Object.entries(expectedRow(row.Window))) {
    if (row[key] !== value) problems.push(`window ${row.Window}: ${key} is ${row[key]}, not ${value}`);
  }
}
console.log(`seed ${seed}, ${((Date.now() - began) / 1000).toFixed(0)} s`);
console.log(JSON.stringify(figures));
console.log(`${rows.length} rows, ${windows.size} windows, ${rows.length - windows.size} twice`);
await cleanUp();
if (problems.length > 0) {
  console.error(problems.slice(0, 20).join('\n'));
  process.exit(1);
}
process.exit(0);

async function startServer(): Promise<ChildProcess> {
  const cli = createRequire(import.meta.url).resolve('dynalite/cli.js');
  const child = spawn(
    process.execPath,
    [
      cli,
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      '--path',
      join(folder, 'dynalite'),
      '--createTableMs',
      '50',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(child.stdout!, 'data');
  return child;
}

async function freePort(): Promise<number> {
  const probe = createTcp().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port: free } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return free;
}

async function fail(message: string): Promise<never> {
  console.error(`seed ${seed}: ${message}\n${JSON.stringify(figures)}`);
  done = true;
  await killing;
  await cleanUp();
  process.exit(1);
}

async function cleanUp(): Promise<void> {
  server.kill('SIGKILL');
  proxy.closeAllConnections();
  proxy.close();
  await rm(folder, { recursive: true, force: true });
}

function mulberry(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
