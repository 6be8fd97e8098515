import { type Clock, type Log, messageOf, type Timer } from '../../hal/index.js';
import type { BrokerPort, PortMessage } from '../core/broker/contract.js';
import type { Service } from '../lifecycle.js';
import type { PartStatus } from '../status.js';
import type { Store, StoreOperation } from '../store/contract.js';
import { countRecords, keyOf, removeOldest, telemetryThings } from './records.js';

export interface TelemetryLimits {
  /** ms that a record is kept. */
  readonly keepMs: number;
  /** Records kept of one thing; the oldest go first. */
  readonly perThing: number;
  /** Bytes of a message; a longer one is not kept. */
  readonly messageBytes: number;
}

/** One every minute for 30 days is 43,200. With the longest messages a thing takes 50 MB. */
export const TELEMETRY_LIMITS: TelemetryLimits = {
  keepMs: 30 * 86_400_000,
  perThing: 50_000,
  messageBytes: 1_024,
};

export interface TelemetryOptions {
  /** The subscription table says what it hears. Stays open. */
  readonly port: BrokerPort;
  readonly subjects: readonly string[];
  /** A section of its own. */
  readonly section: Store;
  readonly limits?: Partial<TelemetryLimits>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Messages that wait for the disk at most. */
const WAITING = 1_000;
/** Records beyond the limit that are removed at once, so that trimming is rare. */
const TRIM = 500;
const AGE_CHECK_MS = 3_600_000;

/** Keeps what sensors publish, for as long as the limits say. */
export class TelemetryRecorder implements Service {
  readonly name = 'telemetry';
  readonly #limits: TelemetryLimits;
  readonly #ends: (() => void)[] = [];
  readonly #counts = new Map<string, number>();
  #subjects: readonly string[];
  #waiting: StoreOperation[] = [];
  #writing: Promise<void> | undefined;
  #check: Timer | undefined;
  #trimming: Promise<void> | undefined;
  #counter = 0;
  #kept = 0;
  #lost = 0;
  #cause: string | undefined;
  #running = false;

  constructor(private readonly options: TelemetryOptions) {
    this.#limits = { ...TELEMETRY_LIMITS, ...options.limits };
    this.#subjects = options.subjects;
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#running = true;
    this.#check = this.options.clock.every(AGE_CHECK_MS, () => {
      this.#trimming = this.trim();
    });
    this.follow(this.#subjects);
  }

  /** Ends when what waits is on disk. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#check?.cancel();
    for (const end of this.#ends.splice(0)) end();
    await this.#trimming;
    await this.#writing;
  }

  /** Hears other subjects from now on. */
  follow(subjects: readonly string[]): void {
    this.#subjects = [...new Set(subjects)];
    for (const end of this.#ends.splice(0)) end();
    if (!this.#running) return;
    for (const subject of this.#subjects)
      this.#ends.push(this.options.port.subscribe(subject, (message) => this.#hear(message)));
  }

  /** Removes what is too old. Runs every hour by itself. */
  async trim(): Promise<void> {
    const { section, clock } = this.options;
    const before = clock.now() - this.#limits.keepMs;
    try {
      for await (const thing of telemetryThings(section)) {
        for (let removed = TRIM; removed === TRIM && this.#running; ) {
          removed = await removeOldest(section, thing, { before, limit: TRIM });
          this.#count(thing, -removed);
        }
      }
    } catch (error) {
      this.#trouble(`old records could not be removed: ${messageOf(error)}`);
    }
  }

  part(): PartStatus {
    return {
      name: this.name,
      kind: 'core',
      state: this.#cause === undefined ? 'ok' : 'degraded',
      ...(this.#cause !== undefined && { cause: this.#cause }),
      figures: { kept: this.#kept, lost: this.#lost, subjects: this.#subjects.length },
    };
  }

  #hear({ from, payload }: PortMessage): void {
    if (payload.length > this.#limits.messageBytes) {
      this.#lost += 1;
      this.#trouble(
        `a message of ${from} has ${payload.length} bytes, ${this.#limits.messageBytes} are kept at most`,
      );
      return;
    }
    if (this.#waiting.length >= WAITING) {
      this.#lost += 1;
      this.#trouble('the disk is too slow for what comes');
      return;
    }
    // a thousand a millisecond are more than the disk takes
    this.#counter = (this.#counter + 1) % 1_000_000;
    const key = keyOf(from, this.options.clock.now(), this.#counter);
    this.#waiting.push({ type: 'put', key, value: payload });
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.options.section.write(batch);
        this.#kept += batch.length;
        this.#cause = undefined;
        await this.#bound(batch.map(({ key }) => key.split('!')[0]!));
      } catch (error) {
        this.#lost += batch.length;
        this.#trouble(messageOf(error));
      }
    }
  }

  async #bound(things: readonly string[]): Promise<void> {
    const { section } = this.options;
    for (const thing of new Set(things)) {
      if (!this.#counts.has(thing)) this.#counts.set(thing, await countRecords(section, thing));
      else this.#count(thing, things.filter((other) => other === thing).length);
      const beyond = this.#counts.get(thing)! - this.#limits.perThing;
      if (beyond >= Math.min(TRIM, this.#limits.perThing / 10))
        this.#count(thing, -(await removeOldest(section, thing, { limit: beyond })));
    }
  }

  #count(thing: string, change: number): void {
    const count = this.#counts.get(thing);
    if (count !== undefined) this.#counts.set(thing, count + change);
  }

  #trouble(cause: string): void {
    // the same again is not news
    if (cause !== this.#cause) this.options.log.warn({ lost: this.#lost }, `telemetry: ${cause}`);
    this.#cause = cause;
  }
}
