/** Certificates in the state folder, and the clock they are judged by. */
import { X509Certificate } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Config } from '../../config/model.js';
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
  for (const path of await filesOf(config, isCertificate)) {
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
  const thing = basename(path).replace(/\.cert\.pem$/, '');
  return `greenlight thing renew ${thing} --out DIR on the core, and copy the files to ${path.slice(0, -basename(path).length)}`;
}

/** Things that use a core elsewhere bring what they show to it. */
export const checkThingFiles: Check = async ({ config }) => {
  const { connect, things } = config;
  if (connect === undefined) return [];
  const findings: Finding[] = [];
  for (const { name } of things.filter(({ role }) => role !== undefined)) {
    const files = [`${name}.cert.pem`, `${name}.private.key`].map((file) => join(connect.certificates, file));
    const missing = (await Promise.all(files.map(isMissing))).flatMap((is, at) => (is ? [files[at]!] : []));
    if (missing.length === 0) continue;
    findings.push({
      code: 'certificate-missing',
      severity: 'problem',
      message: `${name} cannot show who it is: there is no ${missing.join(' and no ')}`,
      mend: connect.discovery
        ? `on the core: greenlight thing add ${name} --out DIR; then copy the files of DIR to ${connect.certificates}`
        : `make a certificate for ${name} in AWS IoT, and put it and its key there under these names`,
    });
  }
  const ca = connect.discovery?.ca;
  if (ca !== undefined && (await isMissing(ca)))
    findings.push({
      code: 'certificate-missing',
      severity: 'problem',
      message: `no core can be trusted: there is no ${ca}`,
      mend: `copy ca/root.ca.pem of the core's state folder to ${ca}; greenlight thing add writes it too`,
    });
  return findings;
};

async function isMissing(path: string): Promise<boolean> {
  return stat(path).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT' || error.code === 'ENOTDIR',
  );
}

/** Whoever reads a private key is that thing. */
export const checkKeys: Check = async ({ config }) => {
  const findings: Finding[] = [];
  for (const path of await filesOf(
    config,
    (name) => name.endsWith('.private.key') || name.endsWith('.key'),
  )) {
    const { mode } = await stat(path);
    // root:greenlight 0640 is how a unit may have it
    if ((mode & 0o027) === 0) continue;
    findings.push({
      code: 'key-open',
      severity: 'warning',
      message: `others on this machine may read or replace the private key ${path} (mode ${(mode & 0o777).toString(8)})`,
      mend: `sudo chmod o-rwx,g-w ${path}; it must belong to the user of the instance, or be readable for its group`,
    });
  }
  return findings;
};

function isCertificate(name: string): boolean {
  return name === 'server.pem' || name === 'root.ca.pem' || name.endsWith('cert.pem');
}

/** Files of the CA, of the things here, and of the folder that `connect` names. */
async function filesOf(
  { stateDir, connect }: Config,
  wanted: (name: string) => boolean,
): Promise<readonly string[]> {
  const folders = [join(stateDir, 'ca'), ...(connect ? [connect.certificates] : [])];
  const things = join(stateDir, 'things');
  folders.push(...(await namesIn(things)).map((name) => join(things, name)));
  const files: string[] = [];
  for (const folder of folders)
    for (const name of await namesIn(folder)) if (wanted(name)) files.push(join(folder, name));
  return files;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  // absent before the first start; a folder that is closed to this user is told by the state folder's own check
  return readdir(folder).catch(() => []);
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
