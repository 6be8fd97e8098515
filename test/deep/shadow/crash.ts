/**
 * A core under load of 32 writers is killed with SIGKILL at random moments, over and over on the same disk. Every
 * accepted update must be there afterwards, no version may go back, no document may be half written.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Writer } from './writer.js';

const WRITERS = 32;
/** Of them, as many write one shadow together; the others each their own. */
const SHARING = 8;

/** @returns the figures of the run; `lost`, `broken` and `outOfOrder` are 0 when all is well */
export async function crashShadows(rounds: number, random: () => number): Promise<Record<string, number>> {
  const folder = await mkdtemp(join(tmpdir(), 'greenlight-crash-shadows-'));
  const writers = Array.from(
    { length: WRITERS },
    (_, id) => new Writer(id, id < SHARING ? 'Shared' : `Own${id}`, id === WRITERS - 1),
  );
  const figures = { rounds, writers: WRITERS, accepted: 0, lost: 0, broken: 0, outOfOrder: 0 };
  let next = forkCore(folder);
  try {
    for (let round = 0; round <= rounds; round += 1) {
      const core = next;
      const port = await open(core);
      for (const found of await Promise.all(writers.map((writer) => writer.inspect(port)))) {
        figures.lost += found.lost;
        figures.broken += found.broken;
        figures.outOfOrder += found.outOfOrder;
      }
      if (round < rounds) {
        // loaded while this one still works
        next = forkCore(folder);
        const writing = writers.map((writer) => writer.writeUntilGone(port));
        await new Promise((resolve) => setTimeout(resolve, 50 + random() * 500));
        await kill(core);
        await Promise.all(writing);
      } else await kill(core);
    }
  } finally {
    await kill(next);
    await rm(folder, { recursive: true, force: true });
  }
  figures.accepted = writers.reduce((sum, writer) => sum + writer.count, 0);
  return figures;
}

function forkCore(folder: string): ChildProcess {
  return fork(fileURLToPath(new URL('./core.ts', import.meta.url)), [join(folder, 'db')]);
}

async function open(core: ChildProcess): Promise<number> {
  const answer = once(core, 'message') as Promise<[{ port: number }]>;
  const ended = once(core, 'exit').then(([code]) => {
    throw new Error(`the core ended with ${code} instead of opening what its predecessor left`);
  });
  ended.catch(() => {});
  core.send('open');
  const [{ port }] = await Promise.race([answer, ended]);
  return port;
}

async function kill(core: ChildProcess): Promise<void> {
  if (core.exitCode !== null || core.signalCode !== null) return;
  const gone = once(core, 'exit');
  core.kill('SIGKILL');
  await gone;
}
