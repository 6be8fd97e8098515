/** Node, kernel and packages. */
import { packageFolder } from '../../package.js';
import type { Check, Finding, Outside } from '../contract.js';

/** `engines` of package.json. */
const NODE: readonly [number, number] = [20, 19];
/** GPIO uAPI v2. */
const KERNEL: readonly [number, number] = [5, 10];

/** Needs no configuration. */
export async function checkNode({ nodeVersion }: Outside): Promise<readonly Finding[]> {
  if (atLeast(nodeVersion, NODE)) return [];
  return [
    {
      code: 'node-old',
      severity: 'problem',
      message: `Node ${nodeVersion} is too old; ${NODE.join('.')} or newer is needed`,
      mend: 'sudo apt install nodejs (Raspberry Pi OS 13 or newer), or take a newer one from https://nodejs.org',
    },
  ];
}

export const checkPackages: Check = async ({ config, outside }) => {
  const findings: Finding[] = [];
  const store = await outside.load('classic-level');
  if (store !== undefined)
    findings.push({
      code: 'package-missing',
      severity: 'problem',
      message: `the package classic-level, which keeps the state, cannot be loaded: ${store}`,
      mend: `cd ${packageFolder()} && npm ci, on this machine: node_modules of another kind of machine does not do`,
    });
  if (!wantsGpio(config.things)) return findings;
  const { driver } = config.hal;
  const wanted = driver === 'auto' || driver === 'chardev' ? 'koffi' : driver === 'mock' ? undefined : driver;
  const why = wanted && (await outside.load(wanted));
  if (wanted !== undefined && why !== undefined) {
    const other = driver === 'auto' && (await outside.load('onoff')) === undefined;
    findings.push({
      code: 'package-missing',
      // then auto takes onoff, which knows neither bias nor debounce in the kernel
      severity: other ? 'warning' : 'problem',
      message: `the optional package ${wanted} for hal.driver ${driver} cannot be loaded: ${why}${other ? '; onoff is used instead' : ''}`,
      mend: `cd ${packageFolder()} && npm install ${wanted}, without --omit=optional; on a Pi Zero or 1 use hal: { driver: onoff }`,
    });
  }
  const kernelDriver = driver === 'auto' || driver === 'chardev';
  if (kernelDriver && !atLeast(outside.kernel, KERNEL))
    findings.push({
      code: 'kernel-old',
      severity: 'problem',
      message: `kernel ${outside.kernel} has no GPIO uAPI v2; that came with ${KERNEL.join('.')}`,
      mend: 'sudo apt full-upgrade and reboot, or hal: { driver: onoff }',
    });
  return findings;
};

/** Functions of one's own need what runs them. */
export const checkInterpreters: Check = async ({ config, outside }) => {
  const users = config.functions.filter(({ runtime }) => runtime === 'python3').map(({ name }) => name);
  if (users.length === 0) return [];
  const why = await outside.program('python3');
  if (why === undefined) return [];
  return [
    {
      code: 'runtime-missing',
      severity: 'problem',
      message: `python3, which runs ${users.join(', ')}, cannot be started: ${why}`,
      mend: 'sudo apt install python3; it must be in the PATH of the unit (/usr/bin)',
    },
  ];
};

/** systemd's watchdog without a way to feed it ends in a loop of restarts. */
export const checkWatchdog: Check = async ({ outside }) => {
  const { WATCHDOG_USEC, NOTIFY_SOCKET } = outside.env;
  if (!WATCHDOG_USEC) return [];
  const why = NOTIFY_SOCKET ? await outside.load('koffi') : 'NOTIFY_SOCKET is not set';
  if (why === undefined) return [];
  return [
    {
      code: 'watchdog-without-notify',
      severity: 'problem',
      message: `the unit has WatchdogSec= but systemd cannot be notified: ${why}`,
      mend: 'let the unit have Type=notify, NotifyAccess=main and ExecStart=/usr/bin/node … directly; or take WatchdogSec= out and use Type=exec',
    },
  ];
};

export function wantsGpio(things: readonly { readonly role?: string }[]): boolean {
  return things.some(({ role }) => role !== undefined);
}

function atLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [, a = '0', b = '0'] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(a) > major || (Number(a) === major && Number(b) >= minor);
}
