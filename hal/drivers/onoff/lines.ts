import type { Clock } from '../../clock.js';
import type { EdgeEvent, EdgeSelection, InputLine, LineValue, OutputLine } from '../../contract.js';
import { HalError } from '../../errors.js';
import { LineListeners } from '../../lines/index.js';
import type { Log } from '../../log.js';
import { describe } from '../describe.js';
import { HeldLine, type HeldLineDeps } from '../held-line.js';
import type { OnoffGpio } from './package.js';

export interface SysfsLineDeps extends HeldLineDeps {
  readonly gpio: OnoffGpio;
}

abstract class SysfsLine extends HeldLine {
  protected readonly gpio: OnoffGpio;

  constructor(deps: SysfsLineDeps) {
    super(deps);
    this.gpio = deps.gpio;
  }

  async read(): Promise<LineValue> {
    this.assertOpen();
    return this.io('reading', () => (this.gpio.readSync() === 1 ? 'active' : 'inactive'));
  }

  protected override letGo(): void {
    this.io('releasing', () => {
      try {
        this.beforeClose();
      } finally {
        this.gpio.unexport();
      }
    });
  }

  protected abstract beforeClose(): void;
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
    this.io('writing', () => this.#set(value));
  }

  #set(value: LineValue): void {
    this.gpio.writeSync(value === 'active' ? 1 : 0);
  }

  protected override beforeClose(): void {
    this.#set(this.safe);
  }
}

export class SysfsInput extends SysfsLine implements InputLine {
  readonly #clock: Clock;
  readonly #edge: EdgeSelection;
  readonly #listeners: LineListeners;
  #sequence = 0;
  #woken = false;
  #level: 0 | 1;

  constructor(
    deps: SysfsLineDeps & { readonly clock: Clock; readonly log: Log; readonly edge: EdgeSelection },
  ) {
    super(deps);
    this.#clock = deps.clock;
    this.#listeners = new LineListeners(deps.identity, deps.log);
    this.#edge = deps.edge;
    this.#level = this.gpio.readSync();
    this.gpio.watch((error, value) => this.#changed(error, value));
  }

  onEdge(listener: (event: EdgeEvent) => void): () => void {
    this.assertOpen();
    return this.#listeners.onEdge(listener);
  }

  onError(listener: (error: Error) => void): () => void {
    this.assertOpen();
    return this.#listeners.onError(listener);
  }

  protected override beforeClose(): void {
    this.gpio.unwatchAll();
    this.#listeners.clear();
  }

  #changed(error: Error | null | undefined, value: 0 | 1): void {
    if (error) {
      const where = describe(this.identity);
      this.#listeners.error(
        new HalError('HAL_IO', `line ${where}: no more edges, ${error.message}`, { cause: error }),
      );
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
    this.#listeners.edge({
      edge: value === 1 ? 'rising' : 'falling',
      timestampNs: this.#clock.monotonicNs(),
      sequence: this.#sequence,
    });
  }
}
