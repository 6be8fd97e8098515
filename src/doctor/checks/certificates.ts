/** Certificates in the state folder, and the clock they are judged by. */
import { X509Certificate } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Check, Finding } from '../contract.js';

const DAY_MS = 86_400_000;
/** A Pi without a clock starts in the past. */
const CLOCK_FLOOR = Date.UTC(2026, 0, 1);
const SOON_DAYS = 30;

export const checkClock: Check = async ({ outside }) => {
  if (outside.now() >= CLOCK_FLOOR) return [];
  return [
    {
      code: 'clock-wrong',
      severity: 'problem',
      message: `the clock says ${day(outside.now())}: certificates made now would be wrong, and those of others are not yet valid`,
      mend: 'timedatectl set-ntp true (with a network), or sudo date -s "2026-11-23 12:00" (without); a Pi keeps no time without power',
    },
  ];
};

export const checkCertificates: Check = async ({ config, outside }) => {
  const findings: Finding[] = [];
  for (const path of await certificateFiles(config.stateDir, config.connect?.certificates)) {
    let certificate: X509Certificate;
    try {
      certificate = new X509Certificate(await readFile(path));
    } catch {
      // unreadable for this user, or no certificate: both are said by the finding
      findings.push({
        code: 'certificate-unreadable',
        severity: 'problem',
        message: `${path} cannot be read as a certificate`,
        mend: 'run the doctor as the user of the instance (sudo greenlight doctor); if it is damaged, issue it again: greenlight thing add NAME --out DIR',
      });
      continue;
    }
    const from = Date.parse(certificate.validFrom);
    const until = Date.parse(certificate.validTo);
    const now = outside.now();
    if (now < from)
      findings.push({
        code: 'certificate-not-yet-valid',
        severity: 'problem',
        message: `${path} is valid from ${day(from)}, but the clock says ${day(now)}`,
        mend: 'timedatectl set-ntp true, and wait for the time before the start (time-sync.target)',
      });
    else if (now > until)
      findings.push({
        code: 'certificate-expired',
        severity: 'problem',
        message: `${path} expired on ${day(until)}`,
        mend: renewal(path),
      });
    // the server certificate is renewed by itself
    else if (until - now < SOON_DAYS * DAY_MS && !path.endsWith('server.pem'))
      findings.push({
        code: 'certificate-expires',
        severity: 'warning',
        message: `${path} expires on ${day(until)}`,
        mend: renewal(path),
      });
  }
  return findings;
};

function renewal(path: string): string {
  if (path.endsWith('server.pem')) return 'start the instance: it renews this one by itself';
  if (path.endsWith('root.ca.pem'))
    return 'a new group CA means new certificates for every thing: move the folder ca away, start, and issue them again';
  return 'greenlight thing renew NAME --out DIR on the core, and copy the files to the thing';
}

async function certificateFiles(stateDir: string, more: string | undefined): Promise<readonly string[]> {
  const folders = [join(stateDir, 'ca'), ...(more ? [more] : [])];
  const things = join(stateDir, 'things');
  folders.push(...(await namesIn(things)).map((name) => join(things, name)));
  const files: string[] = [];
  for (const folder of folders)
    for (const name of await namesIn(folder))
      if (name === 'server.pem' || name === 'root.ca.pem' || name.endsWith('cert.pem'))
        files.push(join(folder, name));
  return files;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  // absent before the first start; a folder that is closed to this user is told by the state folder's own check
  return readdir(folder).catch(() => []);
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
