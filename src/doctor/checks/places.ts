/** Folders, disk and ports. */
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Check, Finding } from '../contract.js';

/** Bytes below which a store stops growing soon. */
const LITTLE_SPACE = 64 * 1024 * 1024;

export const checkStateFolder: Check = async ({ config, outside }) => {
  const { stateDir } = config;
  const place = await nearestExisting(stateDir);
  const free = await outside.freeBytes(place);
  const findings: Finding[] = [];
  const code = await outside.write(place);
  if (code === 'EROFS')
    findings.push({
      code: 'disk-read-only',
      severity: 'problem',
      message: `${place} is on a file system that is read-only; an SD card that fails becomes so`,
      mend: 'dmesg | grep -i mmc tells whether the card fails; otherwise sudo mount -o remount,rw /, or put stateDir elsewhere',
    });
  else if (code === 'ENOSPC') findings.push({ ...full(place, free), severity: 'problem' });
  else if (code !== undefined)
    findings.push({
      code: 'state-denied',
      severity: 'problem',
      message: `this user may not write to ${place} (${code})`,
      mend: `sudo chown -R "$USER" ${place}, or run as the user it belongs to (sudo -u greenlight …)`,
    });
  if (code === undefined && free < LITTLE_SPACE) findings.push(full(place, free));
  const mode = await stat(stateDir).then(
    (found) => found.mode,
    () => 0,
  );
  if (mode & 0o007)
    findings.push({
      code: 'state-open',
      severity: 'warning',
      message: `everybody on this machine may look into ${stateDir}, where the private keys are`,
      mend: `chmod o-rwx ${stateDir}`,
    });
  return findings;
};

export const checkPorts: Check = async ({ config, outside, running }) => {
  if (running) return [];
  const { core, dashboard, metrics } = config;
  const wanted = [
    ...(core
      ? [
          { key: 'core.mqtt', ...core.mqtt },
          { key: 'core.discovery', ...core.discovery },
        ]
      : []),
    ...(dashboard ? [{ key: 'dashboard', ...dashboard }] : []),
    ...(metrics ? [{ key: 'metrics', ...metrics }] : []),
  ].filter(({ port }) => port !== 0);
  const findings: Finding[] = [];
  for (const { key, host, port } of wanted) {
    const code = await outside.listen(host, port);
    if (code === undefined) continue;
    const mend: Record<string, string> = {
      EADDRINUSE: `sudo ss -ltnp 'sport = :${port}' names the program that has it: stop that, or give ${key}.port another number`,
      EACCES: `ports below 1024 are for root: give ${key}.port a higher number`,
      EADDRNOTAVAIL: `no interface has the address ${host}: give ${key}.host one that ip -br address shows, or 0.0.0.0`,
    };
    findings.push({
      code: code === 'EADDRINUSE' ? 'port-taken' : 'port-unusable',
      severity: 'problem',
      message: `nobody can listen on ${host}:${port} for ${key} (${code})`,
      mend: mend[code] ?? `give ${key} another host and port`,
    });
  }
  return findings;
};

function full(place: string, free: number): Finding {
  return {
    code: 'disk-full',
    severity: 'warning',
    message: `only ${Math.floor(free / 1024 / 1024)} MiB are free where ${place} is`,
    mend: 'sudo apt clean, sudo journalctl --vacuum-size=50M, or put stateDir on another disk',
  };
}

async function nearestExisting(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    const there = await stat(at).then(
      () => true,
      () => false,
    );
    if (there || at === dirname(at)) return at;
  }
}
