/**
 * Kills a process that deploys without end, at moments of chance, and looks at what is left each time.
 * Run: npx tsx test/deep/deployment-kill.ts [kills]
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SILENT, SystemClock } from '../../hal/index.js';
import { DeploymentService, type GroupDocument } from '../../src/core/deployments/index.js';
import { LevelStore } from '../../src/store/level.js';

const SELF = fileURLToPath(import.meta.url);
const SIZE = 200;

/** Whole when every list has the same mark. */
function group(mark: number): GroupDocument {
  const names = Array.from({ length: SIZE }, (_, i) => ({ name: `F${i}`, mark }));
  return {
    things: names,
    functions: names,
    subscriptions: names.map(({ name }) => ({ source: name, mark })),
  };
}

async function open(folder: string) {
  const store = await LevelStore.open(folder);
  const service = new DeploymentService<GroupDocument>({
    store: store.section('deployments'),
    clock: new SystemClock(),
    log: SILENT,
    clear: async () => {},
  });
  return { store, service, initial: await service.open(group(0)) };
}

function markOf(document: GroupDocument): number {
  const marks = new Set(
    [...document.things, ...document.functions, ...document.subscriptions].map(
      (entry) => (entry as { mark?: number }).mark,
    ),
  );
  if (marks.size !== 1 || document.functions.length !== SIZE) throw new Error('a group that nobody deployed');
  return [...marks][0] ?? -1;
}

async function child(folder: string): Promise<void> {
  const { service, initial } = await open(folder);
  service.attach([{ name: 'part', apply: () => new Promise((resolve) => setTimeout(resolve, 2)) }]);
  for (let mark = markOf(initial) + 1; ; mark++) {
    const { done } = await service.deploy(group(mark), { by: 'test' });
    process.stdout.write(`begun ${mark}\n`);
    if ((await done).status !== 'Success') throw new Error('a deployment failed');
    process.stdout.write(`done ${mark}\n`);
  }
}

async function killOnce(
  folder: string,
): Promise<{ begun: number; done: number; left: number; open: number }> {
  const running = spawn(process.execPath, ['--import', 'tsx', SELF, 'child', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let told = '';
  running.stdout.on('data', (chunk: Buffer) => {
    // after the first sign of life, at a moment of chance
    if (told === '') setTimeout(() => running.kill('SIGKILL'), Math.random() * 150);
    told += chunk.toString();
  });
  const code = await new Promise((resolve) => running.once('close', resolve));
  if (code !== null) throw new Error(`the child ended by itself: ${code}`);
  const last = (word: string): number =>
    Math.max(0, ...[...told.matchAll(new RegExp(`${word} (\\d+)\n`, 'g'))].map(([, n]) => Number(n)));
  const { store, service, initial } = await open(folder);
  const unfinished = service
    .list()
    .filter(({ status }) => status === 'Building' || status === 'InProgress').length;
  await store.close();
  return { begun: last('begun'), done: last('done'), left: markOf(initial), open: unfinished };
}

async function main(kills: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'greenlight-kill-'));
  let [kept, switched] = [0, 0];
  try {
    for (let i = 0; i < kills; i++) {
      const { begun, done, left, open: unfinished } = await killOnce(folder);
      if (left < done || left > begun + 1)
        throw new Error(`told done ${done}, begun ${begun}; found ${left}`);
      if (unfinished > 0) throw new Error(`${unfinished} deployments are under way for ever`);
      if (left > done) switched += 1;
      else kept += 1;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  console.log(
    `${kills} kills: ${kept} times the last deployment told, ${switched} times a later one, always whole`,
  );
}

if (process.argv[2] === 'child') await child(process.argv[3]!);
else await main(Number(process.argv[2] ?? 30));
