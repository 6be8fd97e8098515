/**
 * Kills a process that deploys, first at every step of a deployment, then at moments of chance, and looks at what is left
 * each time: the group of before or the new one, whole, and no deployment under way for ever.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { markOf, open } from './group.js';

const DEPLOYER = fileURLToPath(new URL('deployer.ts', import.meta.url));
/** More than a deployment has. */
const MOST_STEPS = 100;

interface Seen {
  /** Marks of the last deployment that was begun, and of the last that was told to be done. */
  readonly begun: number;
  readonly done: number;
  readonly killed: boolean;
}

/** @param rounds kills at moments of chance. @returns figures; `lost` and `broken` are 0 when all is well */
export async function crashDeployments(
  rounds: number,
  random: () => number,
): Promise<Readonly<Record<string, number>>> {
  const folder = await mkdtemp(join(tmpdir(), 'greenlight-kill-'));
  const figures = { rounds, steps: 0, kept: 0, switched: 0, lost: 0, broken: 0 };
  let before = 0;
  const look = async ({ begun, done }: Seen): Promise<void> => {
    const { store, service, initial } = await open(folder);
    try {
      const left = markOf(initial);
      const told = Math.max(before, done);
      if (left < told || left > Math.max(before, begun) + 1) figures.lost += 1;
      if (service.list().some(({ status }) => status === 'Building' || status === 'InProgress'))
        figures.broken += 1;
      if (left > told) figures.switched += 1;
      else figures.kept += 1;
      before = left;
    } finally {
      await store.close();
    }
  };
  try {
    for (let step = 1; step <= MOST_STEPS; step += 1) {
      const seen = await run([folder, String(step)]);
      await look(seen);
      if (!seen.killed) break;
      figures.steps = step;
    }
    for (let round = 0; round < rounds; round += 1) await look(await run([folder], random() * 150));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return figures;
}

/** @param killAfter time in ms after its first sign of life */
async function run(argv: readonly string[], killAfter?: number): Promise<Seen> {
  const running = spawn(process.execPath, ['--import', 'tsx', DEPLOYER, ...argv], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let told = '';
  running.stdout.on('data', (chunk: Buffer) => {
    if (told === '' && killAfter !== undefined) setTimeout(() => running.kill('SIGKILL'), killAfter);
    told += chunk.toString();
  });
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
    running.once('close', (...end) => resolve(end)),
  );
  if (signal !== 'SIGKILL' && code !== 0) throw new Error(`the deployer ended by itself: ${code ?? signal}`);
  const last = (word: string): number =>
    Math.max(0, ...[...told.matchAll(new RegExp(`${word} (\\d+)\n`, 'g'))].map(([, n]) => Number(n)));
  return { begun: last('begun'), done: last('done'), killed: signal === 'SIGKILL' };
}
