/**
 * Updates of a real installation with real processes: `tsx test/deep/update.ts ARCHIVE`, an archive of
 * `npm run bundle` for this machine. Root only, because public keys must be root's. Stands in for systemd alone.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { SILENT, SystemClock } from '../../hal/index.js';
import { instanceInbox, makeUpdater, rootInbox } from '../../src/app/update.js';
import { ControlClient } from '../../src/control/client.js';
import type { DeploymentRecord } from '../../src/core/deployments/index.js';
import type { AppStatus } from '../../src/status.js';
import { Installation, Journal, makeKeys, type UnitLook, type Units } from '../../src/update/index.js';

const PROJECT = new URL('../../', import.meta.url).pathname;
const [archive = ''] = process.argv.slice(2);
const run = promisify(execFile);
const READY_MS = 60_000;

const SITE = `version: 1
hal: { driver: mock }
core: { mqtt: { port: 0 }, discovery: { port: 0 } }
update: { watch: 3s, publicKey: update.pub }
things:
  - { name: GG_TrafficLight, role: traffic-light, lines: { red: GPIO17, yellow: GPIO27, green: GPIO22 } }
`;

/** One unit: the instance as greenlight.service runs it. */
class OneUnit implements Units {
  #child: ChildProcess | undefined;

  constructor(
    private readonly installation: Installation,
    private readonly folder: string,
  ) {}

  get state(): string {
    return join(this.folder, 'lib/greenlight');
  }

  async active(): Promise<readonly string[]> {
    return ['greenlight.service'];
  }

  async environment(): Promise<Readonly<Record<string, string>>> {
    return {};
  }

  async restart(): Promise<void> {
    await this.stop();
    const main = join(this.installation.prefix, 'current/dist/src/main.js');
    const argv = [main, 'run', '-c', join(this.folder, 'etc/greenlight.yaml'), '--state', this.state];
    const child = spawn(process.execPath, argv, { stdio: 'ignore' });
    this.#child = child;
    const end = Date.now() + READY_MS;
    const control = new ControlClient(this.state);
    for (;;) {
      if (child.exitCode !== null) throw new Error(`Job for greenlight.service failed (${child.exitCode})`);
      const status = await control.call('GET', '/status').catch(() => undefined);
      if (status !== undefined) return;
      if (Date.now() > end) throw new Error('Job for greenlight.service timed out');
      await sleep(100);
    }
  }

  async look(): Promise<UnitLook> {
    const running = this.#child?.exitCode === null;
    return { running, restarts: 0, text: running ? 'active (running)' : 'failed (failed)' };
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  }
}

/** The archive with another version, and changed where `change` says. */
async function variant(
  folder: string,
  version: string,
  change: (release: string) => void = () => {},
): Promise<string> {
  const work = join(folder, `work-${version}`);
  await mkdir(work);
  execFileSync('tar', ['-xzf', archive, '-C', work]);
  const release = join(work, 'package');
  for (const name of ['package.json', '.bundled']) {
    const text = readFileSync(join(release, name), 'utf8');
    writeFileSync(join(release, name), text.replace(/("version": ?)"[^"]*"/, `$1"${version}"`));
  }
  change(release);
  const file = join(folder, `greenlight-${version}.tgz`);
  execFileSync('tar', ['-C', work, '-czf', file, 'package']);
  await rm(work, { recursive: true });
  return file;
}

async function greenlight(...argv: string[]): Promise<void> {
  await run(process.execPath, [join(PROJECT, 'dist/src/main.js'), ...argv]);
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'greenlight-update-'));
  const root = join(folder, 'root');
  await mkdir(join(folder, 'etc'), { recursive: true });
  await mkdir(join(folder, 'lib'));
  await mkdir(root);
  execFileSync('tar', ['-xzf', archive, '-C', folder]);
  execFileSync('sh', [join(folder, 'package/systemd/install.sh'), '--root', root], { stdio: 'ignore' });
  const installation = new Installation(join(root, 'opt/greenlight'));
  const units = new OneUnit(installation, folder);
  const updater = makeUpdater({
    installation,
    units,
    clock: new SystemClock(),
    log: SILENT,
    env: {},
    folders: { configuration: join(folder, 'etc'), state: join(folder, 'lib') },
  });
  const journal = new Journal(installation.updates);
  const inboxes = [
    { inbox: rootInbox(installation), trusted: true },
    { inbox: instanceInbox(units.state), trusted: false },
  ];
  const ending = new AbortController();
  /** What the path unit and its service do. */
  const work = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      for (const { inbox, trusted } of inboxes)
        for (const id of await inbox.waiting())
          await updater.carryOut({ inbox, id, trusted, signal: ending.signal });
      await sleep(100);
    }
  };
  const working = work();
  const control = new ControlClient(units.state);
  const status = async () => (await control.call('GET', '/status')) as unknown as AppStatus;
  const site = join(folder, 'etc/greenlight.yaml');
  const step = (what: string): void => void process.stdout.write(`ok      ${what}\n`);

  const update = async (file: string) => {
    const id = `u-${Date.now()}`;
    await inboxes[0]!.inbox.drop({ id, by: 'root', file }, { archive: file, signature: `${file}.sig` });
    for (;;) {
      const record = await journal.record(id);
      if (record !== undefined) return record;
      await sleep(50);
    }
  };
  const deploy = async (file: string, text = SITE): Promise<DeploymentRecord> => {
    const next = join(folder, 'next.yaml');
    writeFileSync(next, `${text}application: { file: ${file} }\n`);
    // when it fails, the record tells why
    await greenlight('deploy', next, '--state', units.state).catch(() => {});
    return ((await control.call('GET', '/deployments')) as unknown as DeploymentRecord[])[0]!;
  };

  try {
    const keys = await makeKeys(join(folder, 'etc/update'));
    const foreign = await makeKeys(join(folder, 'foreign'));
    const good = await variant(folder, '7.1.0');
    const better = await variant(folder, '7.2.0');
    const broken = await variant(folder, '7.9.0', (release) => {
      const file = join(release, 'dist/src/app.js');
      writeFileSync(file, `throw new Error('broken');\n${readFileSync(file, 'utf8')}`);
    });
    for (const file of [good, better, broken])
      await greenlight('update', 'sign', file, '--key', keys.privateKey);
    writeFileSync(site, SITE);
    await units.restart();
    const first = (await status()).version;
    await greenlight(
      'shadow',
      'set',
      'GG_TrafficLight',
      'property=G',
      '--wait',
      '10s',
      '--state',
      units.state,
    );
    const shadow = async () =>
      (await control.call('GET', '/shadow/GG_TrafficLight')) as unknown as { version: number };
    const before = (await shadow()).version;

    const done = await update(good);
    assert.equal(done.status, 'Success', done.reason);
    assert.equal((await status()).version, '7.1.0');
    assert.ok((await shadow()).version >= before);
    step(`updated from ${first} to 7.1.0 in ${((done.endedAt - done.startedAt) / 1000).toFixed(1)} s`);

    const failed = await update(broken);
    assert.equal(failed.code, 'UPDATE_HEALTH', failed.reason);
    assert.equal((await status()).version, '7.1.0');
    step(`taken back: ${failed.reason}`);

    const lamp = `${SITE}  - { name: Lamp, role: led, line: GPIO5 }\n`;
    const refused = await deploy(broken, lamp);
    assert.equal(refused.status, 'Failure');
    assert.match(refused.errorMessage ?? '', /did not become ready.*7\.1\.0 runs again/);
    assert.equal((await status()).version, '7.1.0');
    assert.equal(
      (await status()).parts.some(({ name }) => name === 'Lamp'),
      false,
    );
    step(`a deployment brought a version that does not start: ${refused.status}, former group`);

    const brought = await deploy(better, lamp);
    assert.equal(brought.status, 'Success', brought.errorMessage);
    assert.equal((await status()).version, '7.2.0');
    assert.equal(
      (await status()).parts.some(({ name }) => name === 'Lamp'),
      true,
    );
    step('a deployment brought a version and a group: both run');

    await greenlight('update', 'sign', better, '--key', foreign.privateKey);
    const forged = await deploy(better);
    assert.match(forged.errorMessage ?? '', /signature is not of the configured key/);
    assert.equal(
      (await status()).parts.some(({ name }) => name === 'Lamp'),
      true,
    );
    step('a deployment with the signature of somebody else: Failure, nothing was touched');
    assert.equal(existsSync(installation.beginning), false);
  } finally {
    ending.abort();
    await working;
    await units.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

if (process.getuid?.() === 0) await main();
else process.stdout.write('skipped: updates need root\n');
