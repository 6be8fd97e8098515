import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findPlace } from '../../../src/core/functions/process/memory/place.js';
import { alive, FIXTURES, NO_PYTHON, NODE, PYTHON, until } from './support.js';

const TSX = fileURLToPath(new URL('../../../node_modules/tsx/dist/cli.mjs', import.meta.url));

/** A core with one function that keeps its process busy for ever. @returns their process ids */
async function core(...args: string[]): Promise<{ core: number; functions: number[] }> {
  const child = spawn(process.execPath, [TSX, join(FIXTURES, 'core.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const seen: number[] = [];
  onTestFinished(() => {
    for (const pid of [child.pid!, ...seen]) if (alive(pid)) process.kill(pid, 'SIGKILL');
  });
  const [line] = await Promise.race([
    new Promise<[string]>((resolve) => createInterface(child.stdout).once('line', (text) => resolve([text]))),
    new Promise<never>((_, reject) =>
      child.once('exit', (code) => reject(new Error(`the core exited: ${code}`))),
    ),
  ]);
  const { pid, pids = [pid] } = JSON.parse(line) as { pid: number; pids?: number[] };
  seen.push(...pids);
  // what tsx started, not tsx
  const { ppid } = await parentOf(pids[0]!);
  seen.push(ppid);
  return { core: ppid, functions: pids };
}

async function parentOf(pid: number): Promise<{ ppid: number }> {
  const { readFile } = await import('node:fs/promises');
  return { ppid: Number(/^PPid:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) };
}

describe('no function survives its core', () => {
  it.each(['SIGKILL', 'SIGTERM'] as const)('in Node, in an endless loop, after %s', async (signal) => {
    const { core: pid, functions } = await core('nodejs', join(NODE, 'probe.handler'), '{"do":"spin"}');
    expect(functions.every(alive)).toBe(true);
    process.kill(pid, signal);
    await until(
      () => !functions.some(alive),
      () => `${functions} still there`,
    );
    const place = await findPlace({ proc: '/proc' });
    if (typeof place === 'string') return;
    const left = (): readonly string[] =>
      readdirSync(place.folder).filter((name) => name.startsWith(`greenlight.${pid}.`));
    await until(
      () => left().length === 0,
      () => `cgroups ${left().join(', ')} still there`,
    );
  });

  it.skipIf(NO_PYTHON !== undefined)('in Python, with a process of its own, after SIGKILL', async () => {
    const handler = join(PYTHON, 'probe.function_handler');
    const { core: pid, functions } = await core('python3', handler, '{"do":"sleep","seconds":600}');
    expect(functions).toHaveLength(2);
    process.kill(pid, 'SIGKILL');
    await until(
      () => !functions.some(alive),
      () => `${functions} still there`,
    );
  });
});
