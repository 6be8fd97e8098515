/** systemd units that run this configuration: what in them would keep it from working. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Config } from '../../config/model.js';
import type { Check, Finding, Outside } from '../contract.js';
import { wantsGpio } from './runtime.js';

/** In the order in which systemd looks. */
const FOLDERS = [
  '/etc/systemd/system',
  '/run/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
];

/** The last value of each key, as systemd takes it; keys that add up are joined by a space. */
type Settings = ReadonlyMap<string, string>;

export const checkUnits: Check = async ({ config, outside }) => {
  const findings: Finding[] = [];
  for (const name of await unitNames(outside)) {
    const settings = await settingsOf(name, outside);
    if (!runs(settings, config)) continue;
    findings.push(...watchdog(name, settings), ...hardening(name, settings, config));
  }
  return findings;
};

function watchdog(name: string, settings: Settings): readonly Finding[] {
  const period = settings.get('WatchdogSec') ?? '0';
  if (/^(0\D*|infinity)?$/.test(period)) return [];
  const access =
    settings.get('NotifyAccess') ?? (settings.get('Type')?.startsWith('notify') ? 'main' : 'none');
  const command = (settings.get('ExecStart') ?? '').replace(/^[-@:+!]+/, '').split(/\s+/)[0] ?? '';
  const why =
    access === 'none'
      ? 'nobody may notify systemd (Type= is not notify, and NotifyAccess= is none)'
      : access === 'main' && !/^(node|nodejs|greenlight)$/.test(basename(command))
        ? `its main process is ${basename(command)}, which feeds no watchdog for its child`
        : undefined;
  if (why === undefined) return [];
  return [
    {
      code: 'watchdog-without-notify',
      severity: 'problem',
      message: `${name} has WatchdogSec=${period}, but ${why}: systemd would end it again and again`,
      mend: `sudo systemctl edit ${name}: Type=notify, NotifyAccess=main and ExecStart=/usr/bin/node …/dist/src/main.js run …, or WatchdogSec=0`,
    },
  ];
}

function hardening(name: string, settings: Settings, config: Config): readonly Finding[] {
  const yes = (key: string): boolean => /^(yes|true|on|1)$/.test(settings.get(key) ?? '');
  const gpio = wantsGpio(config.things) && config.hal.driver !== 'mock';
  const devices = settings.get('DeviceAllow') ?? '';
  const found: [setting: string, why: string, instead: string][] = [];
  if (yes('MemoryDenyWriteExecute'))
    found.push([
      'MemoryDenyWriteExecute=yes',
      'Node compiles at run time and ends at once',
      'MemoryDenyWriteExecute=no',
    ]);
  if (gpio && yes('PrivateDevices'))
    found.push(['PrivateDevices=yes', 'no GPIO chip can be seen', 'PrivateDevices=no']);
  else if (
    gpio &&
    /closed|strict/.test(settings.get('DevicePolicy') ?? '') &&
    !/gpiochip|gpiomem|\/dev\/mem/.test(devices)
  )
    found.push(['DevicePolicy=closed', 'no GPIO chip may be opened', 'DeviceAllow=char-gpiochip rw']);
  else if (gpio && /\/dev\/gpiochip[*?[]/.test(devices))
    found.push([
      `DeviceAllow=${devices}`,
      'a path there cannot be a pattern',
      'DeviceAllow=char-gpiochip rw',
    ]);
  if (gpio && config.hal.driver === 'onoff' && yes('ProtectKernelTunables'))
    found.push(['ProtectKernelTunables=yes', 'the driver onoff writes to /sys', 'ProtectKernelTunables=no']);
  return found.map(([setting, why, instead]) => ({
    code: 'unit-hardening',
    severity: 'problem',
    message: `${name} has ${setting}, with which ${why}`,
    mend: `sudo systemctl edit ${name}: [Service] ${instead}; then sudo systemctl restart ${name}`,
  }));
}

/** The unit names this configuration's file; `%i` of a template stands for the file's name. */
function runs(settings: Settings, { file }: Config): boolean {
  const command = settings.get('ExecStart') ?? '';
  const instance = basename(file).replace(/\.ya?ml$/, '');
  return command.replaceAll('%i', instance).split(/\s+/).includes(file);
}

async function unitNames(outside: Outside): Promise<readonly string[]> {
  const names = new Set<string>();
  for (const folder of FOLDERS)
    for (const name of await namesIn(join(outside.root, folder)))
      if (/^greenlight[\w@-]*\.service$/.test(name)) names.add(name);
  return [...names].sort();
}

/** The first file of that name, and the drop-ins of all folders in the order of their names. */
async function settingsOf(name: string, outside: Outside): Promise<Settings> {
  const settings = new Map<string, string>();
  const dropIns = new Map<string, string>();
  let unit: string | undefined;
  for (const folder of FOLDERS) {
    const path = join(outside.root, folder, name);
    unit ??= await readFile(path, 'utf8').catch(() => undefined);
    for (const each of await namesIn(`${path}.d`))
      if (each.endsWith('.conf') && !dropIns.has(each)) dropIns.set(each, join(`${path}.d`, each));
  }
  apply(unit ?? '', settings);
  for (const each of [...dropIns.keys()].sort())
    apply(await readFile(dropIns.get(each)!, 'utf8').catch(() => ''), settings);
  return settings;
}

/** Keys that add up; an empty value takes back what was there. */
const LISTS: ReadonlySet<string> = new Set(['DeviceAllow', 'ExecStart']);

function apply(text: string, settings: Map<string, string>): void {
  for (const line of text.replace(/\\\n\s*/g, ' ').split('\n')) {
    const [, key = '', value = ''] = /^\s*([A-Z]\w*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key === '') continue;
    const before = settings.get(key);
    settings.set(key, LISTS.has(key) && before && value !== '' ? `${before} ${value}` : value);
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  // absent: nothing of the kind is installed
  return readdir(folder).catch(() => []);
}
