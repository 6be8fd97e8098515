import { type Clock, type Log, messageOf, type Timer } from '../../../hal/index.js';
import { Backoff, type BackoffLimits } from '../../backoff.js';
import type { ShadowChange, ShadowId } from '../../core/shadow/index.js';
import type { Service } from '../../lifecycle.js';
import type { PartStatus } from '../../status.js';
import type { Store } from '../../store/contract.js';
import type { Link } from '../../things/link.js';
import { CloudRejection, CloudShadow } from './cloud-shadow.js';
import { Rows } from './row.js';
import { BY, type Direction, type LocalShadows, Step } from './step.js';

export interface SyncedShadow extends ShadowId {
  readonly direction: Direction;
}

export interface ShadowSyncOptions {
  readonly shadows: readonly SyncedShadow[];
  readonly local: LocalShadows;
  /** To AWS IoT. Construct the synchronization before it starts. */
  readonly link: Pick<Link, 'listen' | 'publish' | 'onOnline' | 'onOffline'>;
  /** A section of its own. */
  readonly section: Store;
  /** ms between two looks; absent: as it happens. */
  readonly everyMs?: number;
  /** Steps per second at most, over all shadows; default 10. */
  readonly maxPerSecond?: number;
  readonly backoff?: BackoffLimits;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

const BACKOFF: BackoffLimits = { firstMs: 3_000, maxMs: 60_000 };
const MAX_PER_SECOND = 10;

interface Worker {
  readonly shadow: SyncedShadow;
  readonly key: string;
  readonly cloud: CloudShadow;
  readonly backoff: Backoff;
  dirty: boolean;
  running: Promise<void> | undefined;
  retry: Timer | undefined;
  /** Why it is not in step. */
  cause: string | undefined;
  steps: number;
  /** Of its row when this started. */
  wroteAt: number | undefined;
}

/**
 * Keeps shadows of the site and of AWS IoT in step. After every connect each of them is compared whole; then changes are
 * carried as they happen, or every so often. One step at a time for each shadow, all together at a limited rate.
 */
export class ShadowSync implements Service {
  readonly name = 'shadow-sync';
  readonly #workers = new Map<string, Worker>();
  readonly #rows: Rows;
  #stopping = new AbortController();
  #online = false;
  #running = false;
  #beat: Timer | undefined;
  /** ms of the monotonic clock from which the next step may begin. */
  #nextSlot = 0;

  constructor(private readonly options: ShadowSyncOptions) {
    const { link, clock, random, backoff = BACKOFF } = options;
    this.#rows = new Rows(options.section);
    for (const shadow of options.shadows) {
      const key = `${shadow.thing}/${shadow.shadow ?? ''}`;
      const onChange = (): void => {
        if (shadow.direction !== 'up') this.#touch(key);
      };
      this.#workers.set(key, {
        shadow,
        key,
        cloud: new CloudShadow({ id: shadow, link, clock, onChange }),
        backoff: new Backoff(backoff, random),
        dirty: false,
        running: undefined,
        retry: undefined,
        cause: 'not compared yet',
        steps: 0,
        wroteAt: undefined,
      });
    }
    link.onOnline(async () => this.#cameOnline());
    link.onOffline((cause) => this.#wentOffline(cause));
  }

  /** Does not wait for the cloud. */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.#rows.keepOnly(new Set(this.#workers.keys()));
    for (const worker of this.#workers.values()) worker.wroteAt = (await this.#rows.load(worker.key)).wroteAt;
    this.#stopping = new AbortController();
    this.#running = true;
    for (const { cloud } of this.#workers.values()) cloud.open();
    this.options.local.events.on('changed', this.#onLocalChange);
    const { everyMs, clock } = this.options;
    if (everyMs !== undefined) this.#beat = clock.every(everyMs, () => this.#runAll());
  }

  /** Ends after the steps under way, which are given up where they wait for the cloud. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#stopping.abort(new Error('stopping'));
    this.#beat?.cancel();
    this.options.local.events.off('changed', this.#onLocalChange);
    for (const { cloud, retry } of this.#workers.values()) {
      retry?.cancel();
      cloud.close();
    }
    await Promise.all([...this.#workers.values()].map(({ running }) => running));
  }

  part(): PartStatus {
    const workers = [...this.#workers.values()];
    const behind = workers.filter(
      ({ dirty, cause, running }) => dirty || cause !== undefined || running !== undefined,
    );
    const cause = behind.find((worker) => worker.cause !== undefined)?.cause;
    const wroteAt = Math.max(0, ...workers.map(({ cloud, wroteAt }) => cloud.wroteAt ?? wroteAt ?? 0));
    return {
      name: this.name,
      kind: 'cloud',
      state: cause === undefined ? 'ok' : 'degraded',
      ...(cause !== undefined && { cause }),
      figures: {
        shadows: workers.length,
        queued: behind.length,
        steps: workers.reduce((sum, worker) => sum + worker.steps, 0),
        ...(wroteAt > 0 && { lastWrite: new Date(wroteAt).toISOString() }),
      },
    };
  }

  readonly #onLocalChange = ({ thing, shadow, by }: ShadowChange): void => {
    const key = `${thing}/${shadow ?? ''}`;
    if (by !== BY && this.#workers.get(key)?.shadow.direction !== 'down') this.#touch(key);
  };

  #cameOnline(): void {
    this.#online = true;
    for (const worker of this.#workers.values()) {
      worker.cloud.forget();
      worker.dirty = true;
    }
    this.#runAll();
  }

  #wentOffline(cause: string): void {
    this.#online = false;
    for (const worker of this.#workers.values()) {
      worker.cloud.lost(cause);
      worker.retry?.cancel();
      worker.retry = undefined;
      worker.cause = `not connected: ${cause}`;
    }
  }

  #touch(key: string): void {
    const worker = this.#workers.get(key);
    if (worker === undefined) return;
    worker.dirty = true;
    if (this.options.everyMs === undefined) this.#run(worker);
  }

  #runAll(): void {
    for (const worker of this.#workers.values()) if (worker.dirty) this.#run(worker);
  }

  #run(worker: Worker): void {
    // while it waits after a failure nothing is tried earlier: the cloud may have asked for rest
    if (!this.#online || !this.#running || worker.retry !== undefined) return;
    worker.running ??= this.#steps(worker).finally(() => {
      worker.running = undefined;
      // a change between the last look and this moment
      if (worker.dirty && this.options.everyMs === undefined) this.#run(worker);
    });
  }

  async #steps(worker: Worker): Promise<void> {
    const { local, clock } = this.options;
    const { shadow, key, cloud } = worker;
    while (worker.dirty && this.#online && this.#running) {
      worker.dirty = false;
      try {
        await this.#pace();
        const row = await this.#rows.load(key);
        const step = new Step(
          { id: shadow, key, direction: shadow.direction, local, cloud, rows: this.#rows, clock },
          row,
        );
        worker.steps += 1;
        if (!(await step.run())) worker.dirty = true;
        worker.backoff.reset();
        worker.cause = undefined;
      } catch (error) {
        this.#failed(worker, error);
      }
    }
  }

  #failed(worker: Worker, error: unknown): void {
    if (!this.#online || !this.#running) {
      // compared anew after the next connect
      worker.dirty = true;
      return;
    }
    const { thing, shadow } = worker.shadow;
    const cause = messageOf(error);
    if (cause !== worker.cause) {
      const { code } = error as { code?: string };
      this.options.log.warn(
        { thing, shadow, code },
        `shadow of ${thing} is not in step with the cloud: ${cause}`,
      );
    }
    worker.cause = cause;
    worker.cloud.forget();
    // what is wrong with the request itself is wrong again, until one of the sides changes
    if (error instanceof CloudRejection && error.status < 429 && error.status !== 408) return;
    const retry = this.options.clock.after(worker.backoff.next(), () => {
      worker.retry = undefined;
      worker.dirty = true;
      this.#run(worker);
    });
    worker.retry = retry;
    // the loop ends here; the timer goes on
    worker.dirty = false;
  }

  async #pace(): Promise<void> {
    const { clock, maxPerSecond = MAX_PER_SECOND } = this.options;
    const now = Number(clock.monotonicNs() / 1_000_000n);
    const at = Math.max(now, this.#nextSlot);
    this.#nextSlot = at + 1000 / maxPerSecond;
    if (at > now) await clock.sleep(at - now, this.#stopping.signal);
  }
}
