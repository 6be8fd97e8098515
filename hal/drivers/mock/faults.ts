import { HalError } from '../../errors.js';

/** What can be made to fail. `edge`: the next edge is lost on its way, which leaves a gap in the sequence. */
export type FaultPoint = 'request' | 'read' | 'write' | 'edge';

export interface FaultSettings {
  /** How many times it fails; default 1, Infinity for always. */
  readonly times?: number;
  /** What is thrown; default HAL_IO. */
  readonly error?: Error;
}

/** Faults that wait to happen. */
export class Faults {
  readonly #waiting = new Map<string, { left: number; error: Error | undefined }>();

  set(line: string, point: FaultPoint, settings: FaultSettings): void {
    const left = settings.times ?? 1;
    if (left <= 0) this.#waiting.delete(`${line} ${point}`);
    else this.#waiting.set(`${line} ${point}`, { left, error: settings.error });
  }

  clear(): void {
    this.#waiting.clear();
  }

  /** Takes one fault of this kind, if one waits. */
  take(line: string, point: FaultPoint): Error | undefined {
    if (this.#waiting.size === 0) return undefined;
    const key = `${line} ${point}`;
    const fault = this.#waiting.get(key);
    if (fault === undefined) return undefined;
    fault.left--;
    if (fault.left <= 0) this.#waiting.delete(key);
    return fault.error ?? new HalError('HAL_IO', `${line}: ${point} failed (injected fault)`);
  }
}
