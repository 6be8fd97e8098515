/**
 * The appliance: installed from its package on a board with systemd, then put through what happens to it in years.
 * It is installed on the faster board; the card is then moved to the Pi, and to another of the first kind.
 */
import assert from 'node:assert/strict';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Appliance, type ApplianceSettings } from './host/appliance.js';
import type { GuestImage } from './host/image.js';
import { type Seen, START_LIMIT_MS } from './host/light.js';
import type { Releases } from './host/releases.js';
import { hungryFunction } from './hungry.js';
import type { Parts } from './part.js';

interface ApplianceRun {
  readonly image: GuestImage;
  readonly releases: Releases;
  /** For copies of the disk. */
  readonly folder: string;
  readonly parts: Parts;
}

/** Unpacking and copying thousands of files. */
const INSTALL_LIMIT_MS = 600_000;
const CONFIGURATION = '/etc/greenlight/greenlight.yaml';
const UNITS = ['greenlight', 'greenlight-core', 'greenlight-thing@light', 'greenlight-pigpio'];
/** A stalled emulator needs more than a board for the program that makes the outputs safe. */
const PATIENCE = 'TimeoutStopSec=240s\\nTimeoutStartSec=240s';
/** Time in s over which use of the processor at rest is taken. */
const REST_S = 15;
/** Of `systemd-analyze security`, that no unit may exceed. */
const EXPOSURE_LIMIT = 2.5;

export async function appliance(run: ApplianceRun): Promise<void> {
  const { image, folder, parts } = run;
  const card = join(folder, 'card.img');
  const fresh = new Appliance({ kind: 'virt', image, disk: image.disk, folder });
  try {
    const installed = await parts.run('installed from its package by its installer, without a network', () =>
      install(fresh, run.releases, card),
    );
    if (!installed) return;
  } finally {
    await fresh.stop();
  }
  await onBoard({ kind: 'raspi3b', image, disk: card, folder }, (board) => raspberryPi(board, run));
  const prepare = async (board: Appliance): Promise<void> => {
    await board.run(`cp /opt/rig/appliance.virt.yaml ${CONFIGURATION}; systemctl restart greenlight`);
  };
  await onBoard({ kind: 'virt', image, disk: card, folder, prepare }, (board) => virtualBoard(board, run));
}

async function onBoard(
  settings: ApplianceSettings,
  work: (board: Appliance) => Promise<void>,
): Promise<void> {
  const board = new Appliance(settings);
  try {
    await work(board);
  } finally {
    await board.stop();
  }
}

/** Leaves the card with the configuration of the Pi. */
async function install(board: Appliance, releases: Releases, card: string): Promise<readonly string[]> {
  await board.start();
  const { run, light } = bound(board);
  assert.equal(await run('systemctl is-system-running --wait'), 'running');
  await run(`${FILES} >/root/before`);
  const began = Date.now();
  await run(`tar -xzf ${releases.installed.file} -C /root`, INSTALL_LIMIT_MS);
  const unpacked = Date.now();
  const said = await run(
    `/root/package/systemd/install.sh --role /opt/rig/appliance.virt.yaml 2>&1`,
    INSTALL_LIMIT_MS,
  );
  const ended = Date.now();
  await light.waitFor('red', START_LIMIT_MS);
  await board.until('active (running)');
  assert.equal(await run('systemctl is-enabled greenlight.service greenlight.target'), 'enabled\nenabled');
  assert.equal(await run('greenlight --version'), releases.installed.version);
  assert.match(await run('systemctl show greenlight -p User'), /User=greenlight/);
  await run('install -m 0644 /root/update.pub /etc/greenlight/update.pub');
  await run(`cp /opt/rig/appliance.raspi3b.yaml ${CONFIGURATION}`);
  await board.machine.powerOff();
  await rename(board.disk, card);
  return [
    ...said.split('\n'),
    `figure: unpacked in ${seconds(unpacked - began)} s, installed and started in ${seconds(ended - unpacked)} s`,
  ];
}

async function raspberryPi(board: Appliance, { parts }: ApplianceRun): Promise<void> {
  const { run } = bound(board);
  const order = (last: boolean) => board.recover(last);
  await parts.run('the Pi boots by itself into a red light', async () => {
    await board.start();
    await board.light.waitFor('red', START_LIMIT_MS);
    const lamp = Date.now() - board.machine.startedAt;
    await board.until('active (running)');
    return [
      `figure: from power on to the first lamp: ${seconds(lamp)} s`,
      `figure: from the start of the unit to ready: ${(await board.secondsToReady()).toFixed(1)} s`,
      ...(await run('systemd-analyze')).split('\n').slice(0, 1),
    ];
  });
  await parts.run(
    'the light of the unit follows its shadow',
    async () => {
      await board.until('active (running)');
      for (const [aspect, lamp] of [
        ['G', 'green'],
        ['Y', 'yellow'],
        ['R', 'red'],
        ['G', 'green'],
      ] as const) {
        await board.light.desire(aspect);
        await board.light.waitFor(lamp);
      }
      await board.light.waitUntilReported('G');
      return ['green, yellow, red and green again, each alone'];
    },
    order,
  );
  await parts.run('kill -9: started again, and safe in between', () => killed(board), order);
  await parts.run('after a reboot everything is as before', () => rebooted(board), order);
  await parts.run(
    'a stopped unit leaves the levels of red, for good',
    async () => {
      await green(board);
      await run('systemctl stop greenlight');
      for (let look = 0; look < 5; look += 1) {
        assert.deepEqual(await board.light.levels(), [1, 0, 0]);
        await sleep(1_000);
      }
      assert.equal(await board.state(), 'inactive (dead)');
      return [];
    },
    order,
  );
  await parts.run(
    'uninstalled, configuration and state are left and nothing else',
    () => uninstalled(board, false),
    () => board.start(),
  );
}

async function virtualBoard(board: Appliance, { parts, releases }: ApplianceRun): Promise<void> {
  const { run } = bound(board);
  const order = (last: boolean) => board.recover(last);
  await board.start();
  await parts.run('figures of the unit', () => figures(board, ['greenlight']), order);
  await parts.run('the watchdog bites on a blocked event loop', () => blocked(board), order);
  await parts.run('a function that takes too much memory ends alone', () => hungryFunction(board), order);
  await parts.run(
    'a stopped unit leaves red lit and nothing else',
    async () => {
      await green(board);
      await run('systemctl stop greenlight');
      for (let look = 0; look < 5; look += 1) {
        assert.equal(await board.light.lit(), 'red');
        await sleep(500);
      }
      return [];
    },
    order,
  );
  await parts.run('an update to a newer release keeps the state', () => updated(board, releases), order);
  await parts.run('a broken release is taken back', () => takenBack(board, releases), order);
  await parts.run('units are right, and exposed to little', () => analysed(board), order);
  await parts.run('core and light in units of their own', () => split(board), order);
  await parts.run(
    'uninstalled with --purge, nothing is left',
    () => uninstalled(board, true),
    () => board.start(),
  );
}

/** From green the crash comes, which no lamp may keep until the restart. */
async function killed(board: Appliance): Promise<readonly string[]> {
  const { light } = bound(board);
  await board.dropIn(PATIENCE);
  await green(board);
  const before = await board.properties(['NRestarts', 'MainPID']);
  const seen = await light.watch(async () => {
    await board.run('kill -9 $(systemctl show greenlight -p MainPID --value)');
    await light.waitFor('red', START_LIMIT_MS);
    await light.waitFor('green', START_LIMIT_MS);
  });
  await board.until('active (running)');
  const after = await board.properties(['NRestarts', 'MainPID']);
  assert.equal(Number(after.NRestarts), Number(before.NRestarts) + 1);
  assert.notEqual(after.MainPID, before.MainPID);
  const told = timeline(seen);
  // This kernel lets go of lines: nothing is driven but what safe-state puts on them for a moment, then the application.
  const [first, second, ...rest] = seen.map(({ lit }) => lit);
  assert.deepEqual([first, second, rest.at(-1)], ['green', '', 'green'], told);
  const between = rest.slice(0, -1);
  assert.ok(between.includes('red') && between.every((lit) => lit === '' || lit === 'red'), told);
  const journal = await board.run('journalctl -u greenlight -o cat --no-pager -n 60');
  await board.undrop();
  assert.match(journal, /GPIO22: inactive.*GPIO17: active.*Scheduled restart/s);
  return [told];
}

async function rebooted(board: Appliance): Promise<readonly string[]> {
  const { run, light, machine } = bound(board);
  await green(board);
  const shadow = await light.shadow();
  const totals = await run('greenlight stats --json');
  assert.match(totals, /"totalGreenlights": [1-9]/);
  await machine.reboot();
  await light.waitFor('red', START_LIMIT_MS);
  const lamp = Date.now() - machine.startedAt;
  await light.waitFor('green', START_LIMIT_MS);
  await board.until('active (running)');
  assert.equal(await run('greenlight stats --json'), totals);
  assert.deepEqual(await light.shadow(), shadow);
  return [
    `red, then green again; the shadow is at version ${shadow.version} as before, and so are the totals`,
    `figure: from the command to the first lamp: ${seconds(lamp)} s`,
  ];
}

/** Lines of this board keep their level when nobody holds them: what is lit in the gap was put there. */
async function blocked(board: Appliance): Promise<readonly string[]> {
  const { run, light } = bound(board);
  await board.dropIn(`${PATIENCE}\\nWatchdogSec=10s\\nEnvironment=NODE_OPTIONS=--import=/opt/rig/block.mjs`);
  await run('systemctl restart greenlight');
  await green(board);
  const { NRestarts } = await board.properties(['NRestarts']);
  let between = '';
  const seen = await light.watch(async () => {
    await run('systemctl kill --kill-whom=main --signal=USR2 greenlight');
    await light.waitFor('red', START_LIMIT_MS);
    between = await board.state();
    await light.waitFor('green', START_LIMIT_MS);
  });
  await board.until('active (running)');
  assert.equal(Number((await board.properties(['NRestarts'])).NRestarts), Number(NRestarts) + 1);
  const told = timeline(seen);
  // Between two lamps none is lit.
  const lamps = seen.map(({ lit }) => lit).filter((lit) => lit !== '');
  assert.deepEqual(lamps, ['green', 'red', 'green'], told);
  assert.match(between, /stop-post|auto-restart/, `red came only with the restart: ${told}`);
  assert.match(await run('journalctl -u greenlight -o cat --no-pager'), /Watchdog timeout/);
  await board.undrop();
  await run('systemctl restart greenlight');
  return [told, `red came while the unit was ${between}`];
}

async function updated(board: Appliance, { newer }: Releases): Promise<readonly string[]> {
  const { run, light } = bound(board);
  await run('systemctl start greenlight');
  await green(board);
  const totals = await run('greenlight stats --json');
  const { version } = await light.shadow();
  const began = Date.now();
  const said = await run(`greenlight update ${newer.file}`, INSTALL_LIMIT_MS);
  const took = Date.now() - began;
  assert.equal(await run('greenlight --version'), newer.version);
  await board.until('active (running)');
  assert.equal(await light.lit(), 'green');
  assert.equal(await run('greenlight stats --json'), totals);
  assert.equal((await light.shadow()).version, version);
  return [...said.split('\n'), `figure: updated in ${seconds(took)} s`];
}

async function takenBack(board: Appliance, { broken }: Releases): Promise<readonly string[]> {
  const { run, light, machine } = bound(board);
  await run('systemctl start greenlight');
  await green(board);
  const running = await run('greenlight --version');
  const totals = await run('greenlight stats --json');
  const { output, code } = await machine.try(`greenlight update ${broken.file} 2>&1`, INSTALL_LIMIT_MS);
  assert.equal(code, 1, output);
  assert.match(output, /runs again/);
  assert.equal(await run('greenlight --version'), running);
  await board.until('active (running)');
  await light.waitFor('green');
  assert.equal(await run('greenlight stats --json'), totals);
  return output.split('\n');
}

async function analysed(board: Appliance): Promise<readonly string[]> {
  const { run } = bound(board);
  const verified = await run(
    'systemd-analyze verify --man=no /etc/systemd/system/greenlight*.service /etc/systemd/system/greenlight*.path /etc/systemd/system/greenlight.target 2>&1',
  );
  assert.equal(verified, '');
  const said: string[] = ['systemd-analyze verify: nothing to say'];
  for (const unit of UNITS) {
    const line = (await run(`systemd-analyze security --no-pager ${unit} | tail -n 1`)).trim();
    said.push(line.replace(/[^\x20-\x7e]/g, '').trim());
    const score = Number(/: ([\d.]+)/.exec(line)?.[1]);
    assert.ok(score <= EXPOSURE_LIMIT, line);
  }
  return said;
}

async function split(board: Appliance): Promise<readonly string[]> {
  const { run, light } = bound(board);
  await run(
    [
      'systemctl disable --now greenlight; rm -rf /etc/greenlight/certs',
      'cp /opt/rig/split.core.yaml /etc/greenlight/core.yaml',
      'cp /opt/rig/split.light.yaml /etc/greenlight/things.d/light.yaml',
      'systemctl start greenlight-core',
      'greenlight thing renew GG_TrafficLight --out /etc/greenlight/certs',
      'chown -R greenlight: /etc/greenlight/certs',
      'systemctl start greenlight-thing@light',
    ].join(' && '),
  );
  await green(board, 'greenlight-thing@light');
  const before = await board.properties(['MainPID'], 'greenlight-thing@light');
  await run('systemctl restart greenlight-core');
  await light.desire('Y');
  await light.waitFor('yellow', START_LIMIT_MS);
  assert.deepEqual(await board.properties(['MainPID'], 'greenlight-thing@light'), before);
  const said = ['the light went on through a restart of the core, and found it again'];
  said.push(...(await figures(board, ['greenlight-core', 'greenlight-thing@light'])));
  await run('systemctl stop greenlight.target greenlight-core greenlight-thing@light');
  assert.equal(await light.lit(), 'red');
  return said;
}

/** @param purge also configuration, state and the user */
async function uninstalled(board: Appliance, purge: boolean): Promise<readonly string[]> {
  const { run, machine } = bound(board);
  const option = purge ? ' --purge' : '';
  const said = await run(`/opt/greenlight/current/systemd/uninstall.sh${option}`, INSTALL_LIMIT_MS);
  const { output } = await machine.try(`${FILES} | diff /root/before - | grep '^[<>]'`);
  const changed = output === '' ? [] : output.split('\n');
  const kept = changed.filter((line) => /> . \/(etc|var\/lib)\/greenlight(\/|$)/.test(line));
  assert.deepEqual(
    changed.filter((line) => !kept.includes(line)),
    [],
    'files that were not there before the installation, or are no longer',
  );
  const user = (await machine.try('grep -h ^greenlight: /etc/passwd /etc/group')).output;
  const state = kept.filter((line) =>
    / \/(etc\/greenlight\/greenlight.yaml|var\/lib\/greenlight\/db)$/.test(line),
  );
  assert.equal(state.length, purge ? 0 : 2, output);
  assert.equal(user !== '', !purge, user);
  if (purge) assert.deepEqual(kept, []);
  const units = await run('systemctl list-units --all --no-legend --plain "greenlight*"');
  assert.equal(units, '');
  return said.split('\n').slice(-2);
}

/** Files and folders of this system, but those that it makes by itself: state, logs, former lists of users. */
const FILES =
  'find / -xdev \\( -path /root -o -path /tmp -o -path /var/tmp -o -path /var/log -o -path /var/lib/systemd ' +
  "-o -path '/etc/*shadow-' -o -path /etc/passwd- -o -path /etc/group- \\) -prune -o -printf '%y %p\\n' | sort";

/** Taken at the same time for all units. */
async function figures(board: Appliance, units: readonly string[]): Promise<readonly string[]> {
  const { run } = bound(board);
  for (const unit of units) await board.until('active (running)', { unit });
  const used = async (): Promise<readonly number[]> => {
    const all: number[] = [];
    for (const unit of units) {
      all.push(Number((await board.properties(['CPUUsageNSec'], unit)).CPUUsageNSec));
    }
    return all;
  };
  // What a start leaves to do is not rest.
  await sleep(5_000);
  const before = await used();
  await sleep(REST_S * 1_000);
  const after = await used();
  const said: string[] = [];
  for (const [index, unit] of units.entries()) {
    const share = ((after[index] ?? 0) - (before[index] ?? 0)) / (REST_S * 1e9);
    const { MemoryCurrent, MainPID } = await board.properties(['MemoryCurrent', 'MainPID'], unit);
    const resident = /VmRSS:\s+(\d+)/.exec(await run(`cat /proc/${MainPID}/status`))?.[1];
    said.push(
      `figure: ${unit}: ready ${(await board.secondsToReady(unit)).toFixed(1)} s after its start, ` +
        `${(Number(resident) / 1024).toFixed(0)} MiB resident, ${(Number(MemoryCurrent) / 1_048_576).toFixed(0)} MiB in its cgroup, ` +
        `${(share * 100).toFixed(1)} % of an emulated core at rest`,
    );
  }
  return said;
}

/** The light runs and is green, by its shadow. */
async function green(board: Appliance, unit = 'greenlight'): Promise<void> {
  const { light } = board;
  await board.until('active (running)', { unit });
  if ((await light.lit()) === 'green') return;
  await light.desire('G');
  await light.waitFor('green', START_LIMIT_MS);
  await light.waitUntilReported('G');
}

function bound(board: Appliance) {
  return {
    run: (command: string, limitMs?: number) => board.run(command, limitMs),
    get light() {
      return board.light;
    },
    get machine() {
      return board.machine;
    },
  };
}

function timeline(seen: readonly Seen[]): string {
  return seen.map(({ at, lit }) => `${seconds(at)} s ${lit || 'nothing'}`).join(', ');
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(1);
}
