import type { Clock, Timer } from '../clock.js';
import type { Edge, EdgeEvent, EdgeSelection, InputLine, LineValue } from '../contract.js';
import type { Log } from '../log.js';
import { LineListeners } from './listeners.js';

export interface DebounceSettings {
  readonly clock: Clock;
  /** For listeners that fail. */
  readonly log: Log;
  /** Time in ms for which the line must be stable before an edge counts, > 0. */
  readonly periodMs: number;
  /** Edges to deliver. Default `both`. */
  readonly edge?: EdgeSelection;
}

/**
 * The software filter for drivers without debounce of their own, with the kernel's rules: each raw edge starts the
 * period anew; when it ends, an edge is delivered if the value differs from the last stable one.
 *
 * The timestamp is that of the raw edge after which the line stayed stable. `sequence` counts selected, filtered edges;
 * where the raw line lost edges, one number is left out and the line is read again, so that the value is right at least.
 * `read` answers the stable value while the line bounces. Closing closes the raw line.
 *
 * @param raw a line that delivers `both` edges
 */
export function debounced(raw: InputLine, settings: DebounceSettings): InputLine {
  return new DebouncedLine(raw, settings);
}

class DebouncedLine implements InputLine {
  readonly identity;
  readonly #raw: InputLine;
  readonly #settings: DebounceSettings;
  readonly #listeners: LineListeners;
  readonly #detach: readonly (() => void)[];
  #timer: Timer | undefined;
  /** Undefined until the first raw edge tells what the line was before. */
  #stable: LineValue | undefined;
  #latest: EdgeEvent | undefined;
  #rawSequence = 0;
  #sequence = 0;
  #closed = false;

  constructor(raw: InputLine, settings: DebounceSettings) {
    this.identity = raw.identity;
    this.#raw = raw;
    this.#settings = settings;
    this.#listeners = new LineListeners(raw.identity, settings.log);
    this.#detach = [
      raw.onEdge((event) => this.#onRaw(event)),
      raw.onError((error) => this.#listeners.error(error)),
    ];
  }

  async read(): Promise<LineValue> {
    const value = await this.#raw.read();
    return this.#timer !== undefined && this.#stable !== undefined ? this.#stable : value;
  }

  onEdge(listener: (event: EdgeEvent) => void): () => void {
    return this.#listeners.onEdge(listener);
  }

  onError(listener: (error: Error) => void): () => void {
    return this.#listeners.onError(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const detach of this.#detach) detach();
    this.#listeners.clear();
    await this.#raw.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #onRaw(event: EdgeEvent): void {
    if (this.#closed) return;
    // Edges alternate, so the first number tells what the line was before, also when the first edges were lost.
    this.#stable ??= (event.edge === 'rising') === (event.sequence % 2 === 1) ? 'inactive' : 'active';
    const lost = event.sequence > this.#rawSequence + 1;
    this.#rawSequence = event.sequence;
    if (lost) this.#sequence++;
    this.#latest = event;
    this.#timer?.cancel();
    this.#timer = this.#settings.clock.after(this.#settings.periodMs, () => this.#onStable(lost));
  }

  #onStable(lost: boolean): void {
    this.#timer = undefined;
    const latest = this.#latest;
    if (latest === undefined) return;
    if (!lost) {
      this.#settle(latest.edge === 'rising' ? 'active' : 'inactive', latest.timestampNs);
      return;
    }
    this.#raw.read().then(
      (value) => {
        if (!this.#closed && this.#timer === undefined) this.#settle(value, latest.timestampNs);
      },
      (error: Error) => this.#listeners.error(error),
    );
  }

  #settle(value: LineValue, timestampNs: bigint): void {
    if (value === this.#stable) return;
    this.#stable = value;
    const edge: Edge = value === 'active' ? 'rising' : 'falling';
    const wanted = this.#settings.edge ?? 'both';
    if (wanted !== 'both' && wanted !== edge) return;
    this.#listeners.edge({ edge, timestampNs, sequence: ++this.#sequence });
  }
}
