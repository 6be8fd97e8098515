/** The things that have a certificate here: who they are, and whether they still may connect. */
import { EventEmitter } from 'node:events';
import { type Clock, messageOf } from '../../../hal/index.js';
import type { GroupCa } from './ca.js';
import { type IssuedCertificate, normalFingerprint, readCertificate } from './certificate.js';
import { IdentityError } from './errors.js';
import type { FileContent } from './files.js';
import { checkThingName } from './names.js';
import { isFingerprint, KEPT_FINGERPRINTS, KEPT_OLDER, type ThingRecord } from './record.js';
import { certificateFiles, handOut, ThingFolders } from './thing-folders.js';

/** A thing of this machine gets a new certificate at a start in the last part of its life, at most this long before. */
const RENEW_BEFORE_MS = 30 * 86_400_000;
/** Records read at the same time: a group may have 2,500. */
const READ_TOGETHER = 32;

/** Days for which a renewed certificate is good beside the newer one that nobody has shown yet. */
const OVERLAP_DAYS = 30;
const DAY_MS = 86_400_000;

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

export interface RenewOptions extends AddOptions {
  /** Days for which the certificates before are good until the new one is shown; 0: they end at once. Default 30. */
  readonly overlapDays?: number;
}

export interface ThingRegistryEvents {
  /** Older certificates of the thing ended: connections that they opened are to be closed. */
  ended: [thing: string];
  /** A change could not be written; one sentence. It is tried again when there is the next reason to. */
  problem: [sentence: string];
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
  readonly events = new EventEmitter<ThingRegistryEvents>();
  readonly #folders: ThingFolders;
  readonly #ca: GroupCa;
  readonly #clock: Clock;
  #records: Map<string, ThingRecord> = new Map();
  #owners: Map<string, string> = new Map();
  #last: Promise<unknown> = Promise.resolve();

  private constructor(folder: string, options: ThingRegistryOptions) {
    this.#folders = new ThingFolders(folder);
    this.#ca = options.ca;
    this.#clock = options.clock;
  }

  /** @throws {IdentityError} IDENTITY_DAMAGED with the first record that cannot be read, IDENTITY_IO */
  static async open(folder: string, options: ThingRegistryOptions): Promise<ThingRegistry> {
    const registry = new ThingRegistry(folder, options);
    await registry.#folders.make();
    const { problems } = await registry.reload();
    if (problems[0] !== undefined) throw new IdentityError('IDENTITY_DAMAGED', problems[0]);
    return registry;
  }

  /** By name. */
  list(): readonly ThingRecord[] {
    return [...this.#records.values()].sort(byName);
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

  /** When this certificate of the thing ended because a newer one took its place, ISO 8601; undefined while it is good. */
  endedAt(name: string, fingerprint: string): string | undefined {
    const older = this.#records.get(name)?.older?.find((one) => one.fingerprint === fingerprint);
    return older !== undefined && Date.parse(older.until) <= this.#clock.now() ? older.until : undefined;
  }

  /** The thing showed this certificate and proved that it has its key: those before it end. Cheap when there are none. */
  shown(name: string, fingerprint: string): void {
    const record = this.#records.get(name);
    if (record === undefined || !this.#outlives(record, fingerprint)) return;
    this.#alone(() => this.#endOlder(name, fingerprint)).catch((error) => {
      this.events.emit('problem', `older certificates of ${name} are still good: ${messageOf(error)}`);
    });
  }

  /**
   * Issues the first certificate of a thing, or a new one to a revoked thing, whose old ones stay refused.
   * @throws {IdentityError} IDENTITY_EXISTS, IDENTITY_NAME, IDENTITY_IO
   */
  async add(name: string, options: AddOptions): Promise<IssuedCertificate> {
    checkThingName(name);
    return this.#alone(() => this.#add(name, options));
  }

  /**
   * A further certificate. Those before are good until it is shown for the first time, at most for `overlapDays`.
   * @throws {IdentityError} IDENTITY_UNKNOWN, IDENTITY_REVOKED
   */
  async renew(name: string, options: RenewOptions): Promise<IssuedCertificate> {
    checkThingName(name);
    return this.#alone(() => this.#renew(name, options));
  }

  /** Ends all certificates of a thing but the newest. @throws {IdentityError} IDENTITY_UNKNOWN */
  async revokeOlder(name: string): Promise<void> {
    checkThingName(name);
    await this.#alone(async () => {
      const before = await this.#existing(name);
      await this.#save(retire(before, before.fingerprints.slice(0, -1), this.#now()));
      await this.#endOlder(name, before.fingerprints.at(-1) ?? '');
    });
  }

  /** Ends all certificates of a thing. Whoever holds connections drops it. Again: nothing happens. @throws IDENTITY_UNKNOWN */
  async revoke(name: string): Promise<void> {
    checkThingName(name);
    await this.#alone(async () => {
      const before = await this.#existing(name);
      if (before.revoked === null) await this.#save({ ...before, revoked: this.#now() });
    });
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
    return this.#alone(async () => {
      const before = await this.#folders.read(name);
      if (before === undefined) return this.#add(name, { joins: false, ...options });
      if (before.revoked !== null) throw revoked(name, before.revoked);
      const kept = await this.#folders.pair(before);
      const early = Math.min(RENEW_BEFORE_MS, (options.days * 86_400_000) / 4);
      if (kept !== undefined && kept.notAfter.getTime() - this.#clock.now() > early) return kept;
      return this.#renew(name, options);
    });
  }

  /**
   * Lets a device in with a certificate that it already has: the PEM, or its SHA-256 (AWS IoT's certificate id, the
   * last part of the certificate's ARN). Adds to what the thing may show already.
   * @throws {IdentityError} IDENTITY_CERTIFICATE, IDENTITY_EXISTS when it is another thing's, IDENTITY_REVOKED
   */
  async importCertificate(name: string, certificate: string): Promise<ThingRecord> {
    checkThingName(name);
    return this.#alone(() => this.#import(name, certificate));
  }

  /** Reads what other processes changed. A folder that cannot be read keeps its thing as it was. */
  reload(): Promise<RegistryChange> {
    return this.#alone(() => this.#reload());
  }

  async #add(name: string, options: AddOptions): Promise<IssuedCertificate> {
    const before = await this.#folders.read(name);
    if (before !== undefined && before.revoked === null) throw alreadyThere(name);
    return this.#issue(name, before, { ...options, older: [] });
  }

  async #renew(
    name: string,
    { overlapDays = OVERLAP_DAYS, ...options }: RenewOptions,
  ): Promise<IssuedCertificate> {
    const before = await this.#existing(name);
    if (before.revoked !== null) throw revoked(name, before.revoked);
    const until = new Date(this.#clock.now() + overlapDays * DAY_MS).toISOString();
    const { older = [] } = retire(before, before.fingerprints, until);
    const issued = await this.#issue(name, before, { joins: before.joins, ...options, older });
    if (overlapDays === 0) await this.#endOlder(name, issued.fingerprint);
    return issued;
  }

  #outlives({ fingerprints, older = [] }: ThingRecord, fingerprint: string): boolean {
    const at = older.findIndex((one) => one.fingerprint === fingerprint);
    if (at < 0 && !fingerprints.includes(fingerprint)) return false;
    const now = this.#clock.now();
    return older.slice(0, at < 0 ? older.length : at).some(({ until }) => Date.parse(until) > now);
  }

  /** Ends those before the one given. */
  async #endOlder(name: string, fingerprint: string): Promise<void> {
    const record = await this.#existing(name);
    if (this.#outlives(record, fingerprint)) {
      const now = this.#now();
      const { older = [] } = record;
      const at = older.findIndex((one) => one.fingerprint === fingerprint);
      const ended = older.map((one, index) =>
        (at < 0 || index < at) && one.until > now ? { ...one, until: now } : one,
      );
      await this.#save({ ...record, older: ended });
    }
    this.events.emit('ended', name);
  }

  async #import(name: string, certificate: string): Promise<ThingRecord> {
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
    const before = await this.#folders.read(name);
    if (before !== undefined && before.revoked !== null) throw revoked(name, before.revoked);
    const record: ThingRecord = {
      name,
      fingerprints: keepNewest([...(before?.fingerprints ?? []), fingerprint]),
      issuedAt: parsed ? new Date(parsed.validFrom).toISOString() : this.#now(),
      expiresAt: parsed ? new Date(parsed.validTo).toISOString() : null,
      revoked: null,
      joins: before?.joins ?? true,
      ...(before?.older && { older: before.older }),
    };
    if (before === undefined) await this.#create(record, []);
    else await this.#save(record);
    return record;
  }

  async #reload(): Promise<RegistryChange> {
    const names = await this.#folders.names();
    const records = new Map<string, ThingRecord>();
    const problems: string[] = [];
    const read = async (name: string): Promise<void> => {
      try {
        const record = await this.#folders.read(name);
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
    const all = [...records.values()].sort(byName);
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
    options: AddOptions & { readonly older: NonNullable<ThingRecord['older']> },
  ): Promise<IssuedCertificate> {
    const issued = await this.#ca.issueDevice(name, options.days);
    const record: ThingRecord = {
      name,
      fingerprints: [issued.fingerprint],
      ...(options.older.length > 0 && { older: options.older }),
      issuedAt: this.#now(),
      expiresAt: issued.notAfter.toISOString(),
      revoked: null,
      joins: options.joins ?? true,
    };
    const keepKey = options.out === undefined && options.keepKey !== false;
    const files = certificateFiles(name, issued, keepKey);
    if (options.out !== undefined) await handOut(options.out, { name, issued, ca: this.#ca.certificate });
    if (before === undefined) await this.#create(record, files);
    else await this.#save(record, files);
    return issued;
  }

  async #create(record: ThingRecord, files: readonly FileContent[]): Promise<void> {
    if (!(await this.#folders.create(record, files))) throw alreadyThere(record.name);
    this.#remember(record);
  }

  async #save(record: ThingRecord, files: readonly FileContent[] = []): Promise<void> {
    await this.#folders.save(record, files);
    this.#remember(record);
  }

  #remember(record: ThingRecord): void {
    const before = this.#records.get(record.name);
    for (const old of before ? fingerprintsOf(before) : []) this.#owners.delete(old);
    this.#records.set(record.name, record);
    this.#own(record);
  }

  #own(record: ThingRecord): void {
    for (const fingerprint of fingerprintsOf(record)) this.#owners.set(fingerprint, record.name);
  }

  async #existing(name: string): Promise<ThingRecord> {
    const record = await this.#folders.read(name);
    if (record === undefined) {
      throw new IdentityError(
        'IDENTITY_UNKNOWN',
        `no thing ${name} has a certificate here: greenlight thing add ${name}`,
      );
    }
    return record;
  }

  /** One change at a time: a reload that overlaps a change would put the state before it back into memory. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    // Whoever asked hears of the failure; the next begins anyhow.
    this.#last = done.catch(() => {});
    return done;
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}

function byName(a: ThingRecord, b: ThingRecord): number {
  return a.name < b.name ? -1 : 1;
}

/** All that are known of it, also those that ended. */
function fingerprintsOf({ fingerprints, older = [] }: ThingRecord): readonly string[] {
  return [...older.map(({ fingerprint }) => fingerprint), ...fingerprints];
}

/** These of its certificates are good until then at most. */
function retire(record: ThingRecord, fingerprints: readonly string[], until: string): ThingRecord {
  const older = [...(record.older ?? []), ...fingerprints.map((fingerprint) => ({ fingerprint, until }))];
  if (older.length === 0) return record;
  return {
    ...record,
    fingerprints: record.fingerprints.filter((one) => !fingerprints.includes(one)),
    older: older.slice(-KEPT_OLDER),
  };
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
