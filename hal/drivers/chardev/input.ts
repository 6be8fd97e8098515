import type { EdgeEvent, InputLine } from '../../contract.js';
import { HalError, messageOf } from '../../errors.js';
import type { Watch } from '../../ffi.js';
import { LineListeners } from '../../lines/index.js';
import type { Log } from '../../log.js';
import { describe } from '../describe.js';
import { decodeEvent, SIZE } from './layout.js';
import { KernelLine, type KernelLineDeps } from './line.js';

/** Events that one read takes; more are taken by the next turn of the event loop. */
const EVENTS_PER_READ = 64;

/**
 * An input with edges. Each has a descriptor of its own, since the kernel keeps the consumer's name and the life of a
 * line by request; the event loop's one poll watches them all, without a thread.
 */
export class KernelInput extends KernelLine implements InputLine {
  readonly #buffer = Buffer.alloc(SIZE.LINE_EVENT * EVENTS_PER_READ);
  readonly #listeners: LineListeners;
  readonly #log: Log;
  #watch: Watch | undefined;
  #sequence = 0;
  #draining = false;

  /** @param edges false where the chip has no interrupts: the line can then only be read */
  constructor(deps: KernelLineDeps & { readonly log: Log; readonly edges: boolean }) {
    super(deps);
    this.#log = deps.log;
    this.#listeners = new LineListeners(deps.identity, deps.log);
    if (deps.edges) this.#watch = this.uapi.watch(this.fd, () => this.#drain());
  }

  onEdge(listener: (event: EdgeEvent) => void): () => void {
    this.assertOpen();
    if (this.#watch === undefined) {
      throw new HalError(
        'HAL_UNSUPPORTED',
        `line ${describe(this.identity)}: its chip has no interrupts, so it can be read but gives no edges; wire the input to the header's own chip`,
      );
    }
    // What happened before this call is not for this listener.
    this.#drain();
    return this.#listeners.onEdge(listener);
  }

  onError(listener: (error: Error) => void): () => void {
    this.assertOpen();
    return this.#listeners.onError(listener);
  }

  protected override beforeClose(): void {
    this.#endWatch();
    this.#listeners.clear();
  }

  #endWatch(): void {
    this.#watch?.close();
    this.#watch = undefined;
  }

  /** Delivers the events that wait. Never throws: it runs as the poll's callback. */
  #drain(): void {
    // A listener that subscribes another one would overwrite the buffer under the loop.
    if (this.#draining) return;
    this.#draining = true;
    try {
      const bytes = this.uapi.readEvents(this.fd, this.#buffer);
      for (let at = 0; at + SIZE.LINE_EVENT <= bytes; at += SIZE.LINE_EVENT) this.#deliver(at);
    } catch (cause) {
      this.#fail(cause);
    } finally {
      this.#draining = false;
    }
  }

  #deliver(at: number): void {
    const event = decodeEvent(this.#buffer, at);
    const lost = event.lineSequence - this.#sequence - 1;
    this.#sequence = event.lineSequence;
    if (lost > 0) {
      this.#log.warn(
        { line: this.identity.name, lost },
        'edges came faster than they were read; some are lost',
      );
    }
    this.#listeners.edge({
      edge: event.rising ? 'rising' : 'falling',
      timestampNs: event.timestampNs,
      sequence: event.lineSequence,
    });
  }

  #fail(cause: unknown): void {
    this.#endWatch();
    const error = new HalError(
      'HAL_IO',
      `line ${describe(this.identity)}: no more edges, ${messageOf(cause)}; check the board and restart`,
      { cause },
    );
    this.#log.error({ line: this.identity.name, err: error }, 'input failed');
    this.#listeners.error(error);
  }
}
