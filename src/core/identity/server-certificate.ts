/** The certificate that the core's listeners show: short-lived, renewed in time, taken over from the last run. */
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { type Clock, type Log, messageOf, type Timer } from '../../../hal/index.js';
import type { Service } from '../../lifecycle.js';
import { type GroupCa, serverNames } from './ca.js';
import { type IssuedCertificate, matchedPair } from './certificate.js';
import { IdentityError } from './errors.js';
import { PRIVATE_FILE, readText, writeAtomic } from './files.js';

/** Looked at often rather than timed once, because a Pi's clock jumps by years when it is first set. */
const CHECK_MS = 60_000;
/** Part of its life that a certificate still has when it is renewed. */
const RENEW_SHARE = 1 / 3;

export interface ServerCertificateOptions {
  readonly ca: GroupCa;
  /** Folder for `server.pem` (0600): the CA's. */
  readonly folder: string;
  /** Host names and IP addresses that clients use; `localhost` and `127.0.0.1` are added. */
  readonly names: readonly string[];
  readonly days: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Listeners take {@link current} and, in {@link onRenewed}, `setSecureContext`: connected clients stay connected. */
export class ServerCertificate implements Service {
  readonly name = 'server-certificate';
  readonly #options: ServerCertificateOptions;
  readonly #listeners = new Set<(certificate: IssuedCertificate) => void>();
  readonly #path: string;
  #names: readonly string[];
  #current: IssuedCertificate | undefined;
  #timer: Timer | undefined;
  #work: Promise<void> = Promise.resolve();
  #renewing = false;
  #failing = false;

  constructor(options: ServerCertificateOptions) {
    this.#options = options;
    this.#names = options.names;
    this.#path = join(options.folder, 'server.pem');
  }

  /** @throws {IdentityError} IDENTITY_CERTIFICATE for a bad name, IDENTITY_CLOCK */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#names = serverNames(this.#names);
    this.#current = (await this.#kept()) ?? (await this.#issue());
    this.#timer = this.#options.clock.every(CHECK_MS, () => this.#check());
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#work;
  }

  /** The certificate of this moment. Throws before start. */
  get current(): IssuedCertificate {
    if (this.#current === undefined)
      throw new IdentityError('IDENTITY_UNKNOWN', 'no server certificate before start');
    return this.#current;
  }

  /** @returns a function that ends it */
  onRenewed(listener: (certificate: IssuedCertificate) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Takes new addresses into the certificate, at once, when they differ; before start they only stand for those given
   * to the constructor. The CA stays, so clients need nothing new.
   */
  async setNames(names: readonly string[]): Promise<void> {
    if (this.#current === undefined) {
      this.#names = names;
      return;
    }
    const all = serverNames(names);
    if (sameNames(all, this.#names)) return;
    this.#names = all;
    await this.#queue(() => this.#renew());
  }

  #check(): void {
    if (this.#renewing || this.#current === undefined || !this.#due(this.#current)) return;
    this.#renewing = true;
    void this.#queue(async () => {
      try {
        await this.#renew();
        this.#failing = false;
      } catch (error) {
        if (!this.#failing) {
          this.#options.log.error(
            { error: messageOf(error) },
            'The server certificate cannot be renewed; trying on',
          );
        }
        this.#failing = true;
      } finally {
        this.#renewing = false;
      }
    });
  }

  #queue(work: () => Promise<void>): Promise<void> {
    const next = this.#work.then(work);
    // Whoever asked hears of the failure; the next in the queue starts anyhow.
    this.#work = next.catch(() => {});
    return next;
  }

  #due(certificate: IssuedCertificate): boolean {
    const now = this.#options.clock.now();
    const life = this.#options.days * 86_400_000;
    return certificate.notBefore.getTime() > now || certificate.notAfter.getTime() - now < life * RENEW_SHARE;
  }

  async #renew(): Promise<void> {
    const certificate = await this.#issue();
    this.#current = certificate;
    this.#options.log.info(
      { names: this.#names, until: certificate.notAfter.toISOString() },
      'The server certificate is renewed',
    );
    for (const listener of this.#listeners) listener(certificate);
  }

  async #issue(): Promise<IssuedCertificate> {
    const { ca, days, log } = this.#options;
    const certificate = await ca.issueServer(this.#names, days);
    try {
      await writeAtomic(this.#path, certificate.certificate + certificate.privateKey, PRIVATE_FILE);
    } catch (error) {
      // The file only saves work at the next start; a full disk must not take the core off the air.
      log.warn(
        { error: messageOf(error) },
        'The server certificate is in use but could not be kept for the next start',
      );
    }
    return certificate;
  }

  async #kept(): Promise<IssuedCertificate | undefined> {
    const text = await readText(this.#path);
    const split = text?.indexOf('-----BEGIN PRIVATE KEY') ?? -1;
    if (text === undefined || split < 0) return undefined;
    const pair = matchedPair(text.slice(0, split), text.slice(split));
    if (pair === undefined || this.#due(pair)) return undefined;
    const parsed = new X509Certificate(pair.certificate);
    const ours = parsed.verify(new X509Certificate(this.#options.ca.certificate).publicKey);
    return ours && carries(parsed, this.#names) ? pair : undefined;
  }
}

function carries(certificate: X509Certificate, names: readonly string[]): boolean {
  const count = (certificate.subjectAltName ?? '').split(', ').length;
  const has = (name: string): boolean =>
    (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined;
  return count === names.length && names.every(has);
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  const have = new Set(a);
  return have.size === new Set(b).size && b.every((name) => have.has(name));
}
