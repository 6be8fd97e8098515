import type { Clock } from '../../clock.js';
import type {
  EdgeEvent,
  EdgeSelection,
  InputLine,
  LineIdentity,
  LineValue,
  OutputLine,
} from '../../contract.js';
import { HalError, messageOf } from '../../errors.js';
import type { Log } from '../../log.js';
import type { Held } from '../close-all.js';
import type { OnoffGpio } from './package.js';

export interface SysfsLineDeps {
  readonly identity: LineIdentity;
  readonly gpio: OnoffGpio;
  readonly released: (line: Held) => void;
}

abstract class SysfsLine implements Held {
  readonly identity: LineIdentity;
  protected readonly gpio: OnoffGpio;
  readonly #released: (line: Held) => void;
  #open = true;

  constructor(deps: SysfsLineDeps) {
    this.identity = deps.identity;
    this.gpio = deps.gpio;
    this.#released = deps.released;
  }

  async read(): Promise<LineValue> {
    this.assertOpen();
    return this.io('reading', () => (this.gpio.readSync() === 1 ? 'active' : 'inactive'));
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    try {
      this.beforeClose();
    } finally {
      this.#released(this);
      this.io('releasing', () => this.gpio.unexport());
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  protected abstract beforeClose(): void;

  protected assertOpen(): void {
    if (!this.#open) throw new HalError('HAL_CLOSED', `line ${this.identity.name} was closed`);
  }

  protected io<T>(doing: string, work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw new HalError('HAL_IO', `${doing} line ${this.identity.name}: ${messageOf(cause)}`, { cause });
    }
  }
}

export class SysfsOutput extends SysfsLine implements OutputLine {
  constructor(
    deps: SysfsLineDeps,
    private readonly safe: LineValue,
  ) {
    super(deps);
  }

  get endsActive(): boolean {
    return this.safe === 'active';
  }

  /** Synchronous on purpose: sysfs answers from memory in about 10 µs, and threads would mix up the order of writes. */
  async write(value: LineValue): Promise<void> {
    this.assertOpen();
    this.#set(value);
  }

  #set(value: LineValue): void {
    this.io('writing', () => this.gpio.writeSync(value === 'active' ? 1 : 0));
  }

  protected override beforeClose(): void {
    this.#set(this.safe);
  }
}

export class SysfsInput extends SysfsLine implements InputLine {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #edge: EdgeSelection;
  readonly #onEdge = new Set<(event: EdgeEvent) => void>();
  readonly #onError = new Set<(error: Error) => void>();
  #sequence = 0;
  #woken = false;
  #level: 0 | 1;

  constructor(
    deps: SysfsLineDeps & { readonly clock: Clock; readonly log: Log; readonly edge: EdgeSelection },
  ) {
    super(deps);
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#edge = deps.edge;
    this.#level = this.gpio.readSync();
    this.gpio.watch((error, value) => this.#changed(error, value));
  }

  onEdge(listener: (event: EdgeEvent) => void): () => void {
    this.assertOpen();
    const entry = (event: EdgeEvent): void => listener(event);
    this.#onEdge.add(entry);
    return () => this.#onEdge.delete(entry);
  }

  onError(listener: (error: Error) => void): () => void {
    this.assertOpen();
    const entry = (error: Error): void => listener(error);
    this.#onError.add(entry);
    return () => this.#onError.delete(entry);
  }

  protected override beforeClose(): void {
    this.gpio.unwatchAll();
    this.#onEdge.clear();
    this.#onError.clear();
  }

  #changed(error: Error | null | undefined, value: 0 | 1): void {
    if (error) {
      const failure = new HalError('HAL_IO', `line ${this.identity.name}: no more edges, ${error.message}`, {
        cause: error,
      });
      for (const listener of [...this.#onError]) this.#call(() => listener(failure));
      return;
    }
    const first = !this.#woken;
    this.#woken = true;
    if (this.#edge === 'both' && value === this.#level) {
      // sysfs merges edges that come close together: the same level again means that a pair was lost. Only the first
      // wake-up may be for nothing, or for a change from before the line was taken.
      if (!first) this.#sequence += 2;
      return;
    }
    this.#level = value;
    this.#sequence += 1;
    const event: EdgeEvent = {
      edge: value === 1 ? 'rising' : 'falling',
      timestampNs: this.#clock.monotonicNs(),
      sequence: this.#sequence,
    };
    for (const listener of [...this.#onEdge]) this.#call(() => listener(event));
  }

  /** A listener's own failure must not keep the edge from the others. */
  #call(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#log.error({ line: this.identity.name, err: error }, 'a listener of this line failed');
    }
  }
}
