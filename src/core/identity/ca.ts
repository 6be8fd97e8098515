/** The group's certificate authority: made on first start, kept ever after, because clients cache its certificate. */
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../../../hal/index.js';
import { type IssuedCertificate, matchedPair } from './certificate.js';
import { IdentityError } from './errors.js';
import { createFolder, makeFolder, PRIVATE_FILE, PUBLIC_FILE, readText } from './files.js';
import { checkThingName } from './names.js';
import type { PemPair, Validity } from './x509.js';

const CERTIFICATE_FILE = 'root.ca.pem';
const KEY_FILE = 'root.private.key';

const DAY_MS = 86_400_000;
/** As long as a Greengrass group CA: it must outlive the devices that trust it. */
const CA_DAYS = 80 * 365;
/** Certificates are dated back, so that a client whose clock lags behind a little accepts a fresh one. */
const BACKDATE_MS = DAY_MS;
/** No clock that was ever set shows an earlier time; a Pi without a clock starts in 1970 or at its last shutdown. */
const EARLIEST = Date.UTC(2026, 0, 1);

/** Always in the server certificate: what runs on this machine connects by these. */
export const LOCAL_NAMES: readonly string[] = ['localhost', '127.0.0.1'];

const HOST_NAME =
  /^(?=.{1,253}$)(\*\.)?[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,62})(\.[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,62}))*\.?$/;

export interface GroupCaOptions {
  /** Becomes the common name of a new CA. */
  readonly groupName: string;
  readonly clock: Clock;
}

export class GroupCa {
  /** Stable for this CA: a UUID made from its fingerprint. Discovery calls it GGGroupId. */
  readonly groupId: string;

  private constructor(
    private readonly pair: IssuedCertificate,
    private readonly clock: Clock,
  ) {
    this.groupId = uuidFrom(pair.fingerprint);
  }

  /**
   * Reads the CA from `folder` (0700; `root.ca.pem`, `root.private.key` 0600), or makes one there. Of two processes
   * that make one at the same time, one wins and both use it.
   * @throws {IdentityError} IDENTITY_CLOCK, IDENTITY_DAMAGED, IDENTITY_IO
   */
  static async open(folder: string, options: GroupCaOptions): Promise<GroupCa> {
    const { clock } = options;
    const pair = (await load(folder)) ?? (await make(folder, options));
    checkClock(pair, clock.now(), folder);
    return new GroupCa(pair, clock);
  }

  /** The CA's certificate, PEM. */
  get certificate(): string {
    return this.pair.certificate;
  }

  /** SHA-256, lower-case hex. */
  get fingerprint(): string {
    return this.pair.fingerprint;
  }

  get notAfter(): Date {
    return this.pair.notAfter;
  }

  /** A client certificate for a thing, valid for `days` (≥ 1), at most as long as the CA. */
  async issueDevice(name: string, days: number): Promise<IssuedCertificate> {
    checkThingName(name);
    return this.#issue(name, days, 'client');
  }

  /**
   * A server certificate for the names and addresses given, and `localhost` and `127.0.0.1`.
   * @throws {IdentityError} IDENTITY_CERTIFICATE when a name is neither a host name nor an IP address
   */
  async issueServer(names: readonly string[], days: number): Promise<IssuedCertificate> {
    const all = serverNames(names);
    return this.#issue(all[0] ?? 'localhost', days, { server: all });
  }

  async #issue(
    commonName: string,
    days: number,
    use: 'client' | { server: readonly string[] },
  ): Promise<IssuedCertificate> {
    const { makeLeaf } = await import('./x509.js');
    const validity = this.#validity(days);
    return known(await makeLeaf({ issuer: this.pair, commonName, validity, use }));
  }

  #validity(days: number): Validity {
    const now = this.clock.now();
    checkClock(this.pair, now, 'the group CA');
    return {
      notBefore: new Date(Math.max(now - BACKDATE_MS, this.pair.notBefore.getTime())),
      notAfter: new Date(Math.min(now + days * DAY_MS, this.pair.notAfter.getTime())),
    };
  }
}

/** The names that a server certificate carries: those given, then the local ones, each once. */
export function serverNames(names: readonly string[]): readonly string[] {
  for (const name of names) {
    if (isIP(name) === 0 && !HOST_NAME.test(name)) {
      throw new IdentityError(
        'IDENTITY_CERTIFICATE',
        `the advertised address ${JSON.stringify(name)} is neither a host name nor an IP address`,
      );
    }
  }
  return [...new Set([...names, ...LOCAL_NAMES])];
}

async function load(folder: string): Promise<IssuedCertificate | undefined> {
  const certificatePath = join(folder, CERTIFICATE_FILE);
  const keyPath = join(folder, KEY_FILE);
  const [certificate, privateKey] = await Promise.all([readText(certificatePath), readText(keyPath)]);
  if (certificate === undefined && privateKey === undefined) return undefined;
  const remedy =
    'restore it from a backup, or remove the folder to begin a new group (every device then needs new files)';
  if (certificate === undefined || privateKey === undefined) {
    const missing = certificate === undefined ? certificatePath : keyPath;
    throw new IdentityError('IDENTITY_DAMAGED', `${missing} is missing: ${remedy}`);
  }
  const pair = matchedPair(certificate, privateKey);
  if (pair === undefined) {
    throw new IdentityError(
      'IDENTITY_DAMAGED',
      `${keyPath} does not belong to ${certificatePath}: ${remedy}`,
    );
  }
  return pair;
}

async function make(folder: string, { groupName, clock }: GroupCaOptions): Promise<IssuedCertificate> {
  const now = clock.now();
  if (now < EARLIEST) {
    throw new IdentityError(
      'IDENTITY_CLOCK',
      `the clock says ${day(now)}: certificates made now would be wrong. Set the clock (timedatectl) and start again`,
    );
  }
  const { makeAuthority } = await import('./x509.js');
  const pair = await makeAuthority(`${groupName} Group CA`, {
    notBefore: new Date(now - BACKDATE_MS),
    notAfter: new Date(now + CA_DAYS * DAY_MS),
  });
  await makeFolder(folder);
  const made = await createFolder(folder, [
    { name: CERTIFICATE_FILE, content: pair.certificate, mode: PUBLIC_FILE },
    { name: KEY_FILE, content: pair.privateKey, mode: PRIVATE_FILE },
  ]);
  if (made) return known(pair);
  const other = await load(folder);
  if (other === undefined) {
    throw new IdentityError(
      'IDENTITY_DAMAGED',
      `${folder} is not empty and holds no CA: remove what is in it`,
    );
  }
  return other;
}

function checkClock(pair: IssuedCertificate, now: number, where: string): void {
  if (now >= pair.notBefore.getTime() && now <= pair.notAfter.getTime()) return;
  const side = now < pair.notBefore.getTime() ? 'before' : 'after';
  throw new IdentityError(
    'IDENTITY_CLOCK',
    `the clock says ${day(now)}, ${side} the validity of the group CA in ${where} ` +
      `(${day(pair.notBefore.getTime())} to ${day(pair.notAfter.getTime())}): set the clock (timedatectl) and start again`,
  );
}

function known(pair: PemPair): IssuedCertificate {
  const issued = matchedPair(pair.certificate, pair.privateKey);
  if (issued === undefined)
    throw new IdentityError('IDENTITY_CERTIFICATE', 'a new key does not fit its certificate');
  return issued;
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** RFC 9562 version 8: a UUID of one's own making. */
function uuidFrom(hex: string): string {
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
