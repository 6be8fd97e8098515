/** The things that have a certificate here: who they are, and whether they still may connect. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, messageOf } from '../../../hal/index.js';
import type { GroupCa } from './ca.js';
import { type IssuedCertificate, matchedPair, normalFingerprint, readCertificate } from './certificate.js';
import { IdentityError } from './errors.js';
import {
  createFolder,
  type FileContent,
  makeFolder,
  PRIVATE_FILE,
  PUBLIC_FILE,
  readText,
  writeAtomic,
} from './files.js';
import { checkThingName, thingNameProblem } from './names.js';
import { formatRecord, isFingerprint, KEPT_FINGERPRINTS, parseRecord, type ThingRecord } from './record.js';

const RECORD_FILE = 'record.json';
const CA_FILE = 'root.ca.pem';
/** A thing of this machine gets a new certificate at a start in the last part of its life, at most this long before. */
const RENEW_BEFORE_MS = 30 * 86_400_000;
/** Records read at the same time: a group may have 2,500. */
const READ_TOGETHER = 32;

export interface ThingRegistryOptions {
  readonly ca: GroupCa;
  readonly clock: Clock;
}

export interface AddOptions {
  /** Days of validity. */
  readonly days: number;
  /**
   * Folder for the device's files (`NAME.cert.pem`, `NAME.private.key` 0600, `root.ca.pem`). The private key is then
   * written there and nowhere else. Without it the thing is of this machine and its key stays in the state folder.
   */
  readonly out?: string;
  /** False: the private key is only returned, for a caller that hands it out itself. Default true without `out`. */
  readonly keepKey?: boolean;
  /** {@link ThingRecord.joins}; true when not given. */
  readonly joins?: boolean;
}

/** What {@link ThingRegistry.reload} found changed, so that clients that may no longer be connected are dropped. */
export interface RegistryChange {
  readonly added: readonly string[];
  readonly revoked: readonly string[];
  readonly removed: readonly string[];
  /** Folders that could not be read: their things are as before. One sentence each. */
  readonly problems: readonly string[];
}

/**
 * Folder `things/`, one folder per thing. Several processes may use it: each change is one atomic file or folder, and
 * the running core sees the changes of a command after {@link reload}.
 */
export class ThingRegistry {
  readonly #folder: string;
  readonly #ca: GroupCa;
  readonly #clock: Clock;
  #records: Map<string, ThingRecord> = new Map();
  #owners: Map<string, string> = new Map();

  private constructor(folder: string, options: ThingRegistryOptions) {
    this.#folder = folder;
    this.#ca = options.ca;
    this.#clock = options.clock;
  }

  /** @throws {IdentityError} IDENTITY_DAMAGED with the first record that cannot be read, IDENTITY_IO */
  static async open(folder: string, options: ThingRegistryOptions): Promise<ThingRegistry> {
    const registry = new ThingRegistry(folder, options);
    await makeFolder(folder);
    const { problems } = await registry.reload();
    if (problems[0] !== undefined) throw new IdentityError('IDENTITY_DAMAGED', problems[0]);
    return registry;
  }

  /** By name. */
  list(): readonly ThingRecord[] {
    return [...this.#records.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  get(name: string): ThingRecord | undefined {
    return this.#records.get(name);
  }

  /** ISO 8601; undefined for a thing that is not revoked, or not known. */
  revokedAt(name: string): string | undefined {
    return this.#records.get(name)?.revoked ?? undefined;
  }

  /**
   * Whose certificate this is, by its fingerprint alone: a common name proves nothing. Names a revoked thing too, so
   * that the refusal can say so. Says nothing about the certificate's dates: see `authenticate`.
   */
  identify(certificate: { readonly fingerprint256: string }): string | undefined {
    return this.#owners.get(normalFingerprint(certificate.fingerprint256));
  }

  /**
   * Issues the first certificate of a thing, or a new one to a revoked thing, whose old ones stay refused.
   * @throws {IdentityError} IDENTITY_EXISTS, IDENTITY_NAME, IDENTITY_IO
   */
  async add(name: string, options: AddOptions): Promise<IssuedCertificate> {
    checkThingName(name);
    const before = await this.#read(name);
    if (before !== undefined && before.revoked === null) throw alreadyThere(name);
    return this.#issue(name, before, { ...options, keep: [] });
  }

  /** A further certificate; the one before stays valid until it expires. @throws IDENTITY_UNKNOWN, IDENTITY_REVOKED */
  async renew(name: string, options: AddOptions): Promise<IssuedCertificate> {
    const before = await this.#existing(name);
    if (before.revoked !== null) throw revoked(name, before.revoked);
    return this.#issue(name, before, { joins: before.joins, ...options, keep: before.fingerprints });
  }

  /** Ends all certificates of a thing. Whoever holds connections drops it. Again: nothing happens. @throws IDENTITY_UNKNOWN */
  async revoke(name: string): Promise<void> {
    const before = await this.#existing(name);
    if (before.revoked !== null) return;
    await this.#save({ ...before, revoked: this.#now() });
  }

  /**
   * The certificate and key of a thing that runs on this machine; issued when there is none, or when it is about to
   * expire. @throws {IdentityError} IDENTITY_REVOKED, IDENTITY_NAME, IDENTITY_IO
   */
  async ensure(
    name: string,
    options: { readonly days: number; readonly joins?: boolean },
  ): Promise<IssuedCertificate> {
    checkThingName(name);
    const before = await this.#read(name);
    if (before === undefined) return this.add(name, { joins: false, ...options });
    if (before.revoked !== null) throw revoked(name, before.revoked);
    const kept = await this.#local(before);
    const early = Math.min(RENEW_BEFORE_MS, (options.days * 86_400_000) / 4);
    if (kept !== undefined && kept.notAfter.getTime() - this.#clock.now() > early) return kept;
    return this.renew(name, options);
  }

  /**
   * Lets a device in with a certificate that it already has: the PEM, or its SHA-256 (AWS IoT's certificate id, the
   * last part of the certificate's ARN). Adds to what the thing may show already.
   * @throws {IdentityError} IDENTITY_CERTIFICATE, IDENTITY_EXISTS when it is another thing's, IDENTITY_REVOKED
   */
  async importCertificate(name: string, certificate: string): Promise<ThingRecord> {
    checkThingName(name);
    const pem = certificate.includes('-----BEGIN');
    const parsed = pem ? readCertificate(certificate, `the certificate for ${name}`) : undefined;
    const fingerprint = normalFingerprint(parsed?.fingerprint256 ?? certificate.trim());
    if (!isFingerprint(fingerprint)) {
      throw new IdentityError(
        'IDENTITY_CERTIFICATE',
        `for ${name}: neither a PEM certificate nor its SHA-256 in 64 hexadecimal digits`,
      );
    }
    const owner = this.#owners.get(fingerprint);
    if (owner !== undefined && owner !== name) {
      throw new IdentityError('IDENTITY_EXISTS', `the certificate for ${name} is that of the thing ${owner}`);
    }
    const before = await this.#read(name);
    if (before !== undefined && before.revoked !== null) throw revoked(name, before.revoked);
    const record: ThingRecord = {
      name,
      fingerprints: keepNewest([...(before?.fingerprints ?? []), fingerprint]),
      issuedAt: parsed ? new Date(parsed.validFrom).toISOString() : this.#now(),
      expiresAt: parsed ? new Date(parsed.validTo).toISOString() : null,
      revoked: null,
      joins: before?.joins ?? true,
    };
    if (before === undefined) await this.#create(record, []);
    else await this.#save(record);
    return record;
  }

  /** Reads what other processes changed. A folder that cannot be read keeps its thing as it was. */
  async reload(): Promise<RegistryChange> {
    const names = (await listFolders(this.#folder)).filter((name) => thingNameProblem(name) === undefined);
    const records = new Map<string, ThingRecord>();
    const problems: string[] = [];
    const read = async (name: string): Promise<void> => {
      try {
        const record = await this.#read(name);
        if (record !== undefined) records.set(name, record);
      } catch (error) {
        problems.push(messageOf(error));
        const known = this.#records.get(name);
        if (known !== undefined) records.set(name, known);
      }
    };
    for (let at = 0; at < names.length; at += READ_TOGETHER) {
      await Promise.all(names.slice(at, at + READ_TOGETHER).map(read));
    }
    return { ...this.#adopt(records), problems };
  }

  #adopt(records: Map<string, ThingRecord>): Omit<RegistryChange, 'problems'> {
    const before = this.#records;
    this.#records = records;
    this.#owners = new Map();
    for (const record of records.values()) this.#own(record);
    const all = [...records.values()];
    return {
      added: all.filter(({ name }) => !before.has(name)).map(({ name }) => name),
      revoked: all
        .filter((now) => now.revoked !== null && before.get(now.name)?.revoked === null)
        .map(({ name }) => name),
      removed: [...before.keys()].filter((name) => !records.has(name)),
    };
  }

  async #issue(
    name: string,
    before: ThingRecord | undefined,
    options: AddOptions & { readonly keep: readonly string[] },
  ): Promise<IssuedCertificate> {
    const issued = await this.#ca.issueDevice(name, options.days);
    const record: ThingRecord = {
      name,
      fingerprints: keepNewest([...options.keep, issued.fingerprint]),
      issuedAt: this.#now(),
      expiresAt: issued.notAfter.toISOString(),
      revoked: null,
      joins: options.joins ?? true,
    };
    const files: FileContent[] = [
      { name: certificateFile(name), content: issued.certificate, mode: PUBLIC_FILE },
    ];
    const key = { name: keyFile(name), content: issued.privateKey, mode: PRIVATE_FILE };
    if (options.out === undefined) {
      if (options.keepKey !== false) files.push(key);
    } else await this.#handOut(options.out, [...files, key]);
    if (before === undefined) await this.#create(record, files);
    else {
      // The record goes last: files that it does not know count for nothing and are issued anew at the next start.
      for (const file of files)
        await writeAtomic(join(this.#folder, name, file.name), file.content, file.mode);
      await this.#save(record);
    }
    return issued;
  }

  async #handOut(out: string, files: readonly FileContent[]): Promise<void> {
    await makeFolder(out);
    const all = [...files, { name: CA_FILE, content: this.#ca.certificate, mode: PUBLIC_FILE }];
    for (const file of all) await writeAtomic(join(out, file.name), file.content, file.mode);
  }

  async #create(record: ThingRecord, files: readonly FileContent[]): Promise<void> {
    const path = join(this.#folder, record.name);
    const recordFile = { name: RECORD_FILE, content: formatRecord(record), mode: PRIVATE_FILE };
    if (!(await createFolder(path, [...files, recordFile]))) throw alreadyThere(record.name);
    this.#remember(record);
  }

  async #save(record: ThingRecord): Promise<void> {
    await writeAtomic(join(this.#folder, record.name, RECORD_FILE), formatRecord(record), PRIVATE_FILE);
    this.#remember(record);
  }

  #remember(record: ThingRecord): void {
    for (const old of this.#records.get(record.name)?.fingerprints ?? []) this.#owners.delete(old);
    this.#records.set(record.name, record);
    this.#own(record);
  }

  #own(record: ThingRecord): void {
    for (const fingerprint of record.fingerprints) this.#owners.set(fingerprint, record.name);
  }

  /** From disk, not from memory: another process may have changed it. */
  async #read(name: string): Promise<ThingRecord | undefined> {
    const path = join(this.#folder, name, RECORD_FILE);
    const text = await readText(path);
    return text === undefined ? undefined : parseRecord(text, path, name);
  }

  async #existing(name: string): Promise<ThingRecord> {
    checkThingName(name);
    const record = await this.#read(name);
    if (record === undefined) {
      throw new IdentityError(
        'IDENTITY_UNKNOWN',
        `no thing ${name} has a certificate here: greenlight thing add ${name}`,
      );
    }
    return record;
  }

  async #local(record: ThingRecord): Promise<IssuedCertificate | undefined> {
    const [certificate, privateKey] = await Promise.all([
      readText(join(this.#folder, record.name, certificateFile(record.name))),
      readText(join(this.#folder, record.name, keyFile(record.name))),
    ]);
    if (certificate === undefined || privateKey === undefined) return undefined;
    const pair = matchedPair(certificate, privateKey);
    return pair !== undefined && record.fingerprints.includes(pair.fingerprint) ? pair : undefined;
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}

function certificateFile(name: string): string {
  return `${name}.cert.pem`;
}

function keyFile(name: string): string {
  return `${name}.private.key`;
}

function keepNewest(fingerprints: readonly string[]): readonly string[] {
  return [...new Set(fingerprints)].slice(-KEPT_FINGERPRINTS);
}

function alreadyThere(name: string): IdentityError {
  return new IdentityError(
    'IDENTITY_EXISTS',
    `the thing ${name} already has a certificate: greenlight thing renew ${name} issues a further one`,
  );
}

function revoked(name: string, at: string): IdentityError {
  return new IdentityError(
    'IDENTITY_REVOKED',
    `the thing ${name} was revoked on ${at}: greenlight thing add ${name}`,
  );
}

async function listFolders(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch (error) {
    throw new IdentityError('IDENTITY_IO', `${folder}: ${messageOf(error)}`, { cause: error });
  }
}
