/** One unit of the appliance: the built application in a process of its own. */
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ControlClient } from '../../src/control/client.js';
import type { AppStatus, Health } from '../../src/status.js';

export interface Unit {
  readonly pid: number;
  readonly stateDir: string;
  readonly control: ControlClient;
  /** ms from the start of the process until an output of it was first held; undefined: it has none. */
  readonly firstLampMs: number | undefined;
  /** ms from the start of the process until it was ready. */
  readonly readyMs: number;
  /** Port of a part, as status has it. */
  port(part: string): Promise<number>;
  stop(): Promise<void>;
}

/** Starts a configuration, which has no `log`, in a folder; resolves when it is ready. */
export async function startUnit(folder: string, config: string): Promise<Unit> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'unit.yaml');
  const stateDir = join(folder, 'state');
  // a debug line tells of each lamp
  await writeFile(file, `${config}log: { parts: { gpio: debug } }\n`);
  const began = performance.now();
  const child = spawn(process.execPath, ['dist/src/main.js', 'run', '-c', file, '--state', stateDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let firstLampMs: number | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes('is active, held for')) firstLampMs ??= performance.now() - began;
    if (line.includes('running group')) break;
  }
  child.stdout.resume();
  const control = new ControlClient(stateDir);
  for (;;) {
    const health = (await control.call('GET', '/health')) as unknown as Health;
    if (health.ready) break;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const readyMs = performance.now() - began;
  return {
    pid: child.pid!,
    stateDir,
    control,
    firstLampMs,
    readyMs,
    async port(part) {
      const { parts } = (await control.call('GET', '/status')) as unknown as AppStatus;
      return Number(parts.find(({ name }) => name === part)?.figures?.port);
    },
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve));
    },
  };
}
