import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { SystemClock } from '../../hal/index.js';
import { ControlClient } from '../../src/control/client.js';
import { openIdentity } from '../../src/core/identity/open.js';
import { statePaths } from '../../src/state-dir.js';
import type { AppStatus } from '../../src/status.js';
import type { CoreAddress, Credentials } from '../../src/things/connection.js';
import type { MosquittoSettings } from './mosquitto.js';

/** What the control socket answers to `add`. */
export interface Issued {
  readonly certificate: string;
  readonly privateKey: string;
  readonly ca: string;
}

/** The built application in a process of its own. */
export interface CoreProcess {
  readonly address: CoreAddress;
  readonly stateDir: string;
  readonly pid: number;
  /** Makes a thing a member, if it is none, and gives its credentials. */
  member(thing: string): Promise<Credentials>;
  stop(): Promise<void>;
}

/** Runs a configuration; its ports must be 0. Needs `npm run build`. */
export async function startCore(config: string): Promise<CoreProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'greenlight-bench-'));
  const file = join(folder, 'bench.yaml');
  const stateDir = join(folder, 'state');
  await writeFile(file, `${config}log: { level: info }\n`);
  const child = spawn(process.execPath, ['dist/src/main.js', 'run', '-c', file, '--state', stateDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout }))
    if (line.includes('running group')) break;
  child.stdout.resume();
  const control = new ControlClient(stateDir);
  const status = (await control.call('GET', '/status')) as unknown as AppStatus;
  const port = Number(status.parts.find(({ name }) => name === 'mqtt')?.figures?.port);
  const { ca } = await openIdentity(statePaths(stateDir), { groupName: 'bench', clock: new SystemClock() });
  return {
    address: { host: '127.0.0.1', port, ca: ca.certificate },
    stateDir,
    pid: child.pid!,
    async member(thing) {
      const files = (await control.call('POST', `/things/${thing}/add`)) as unknown as Issued;
      return { thing, certificate: files.certificate, privateKey: files.privateKey };
    },
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A server certificate of the same CA, for a peer that the same clients are to trust. */
export async function serverFor(stateDir: string): Promise<MosquittoSettings> {
  const { ca } = await openIdentity(statePaths(stateDir), { groupName: 'bench', clock: new SystemClock() });
  const { certificate, privateKey } = await ca.issueServer(['127.0.0.1'], 1);
  return { ca: ca.certificate, certificate, privateKey };
}
