/** Time in ms that work may take before the event loop gets its turn. */
const SLICE_MS = 3;

/**
 * Work in small pieces, in order, begun after the current turn of the event loop and never holding it for long: when a
 * slow disk lets go of hundreds of requests at once, sockets and timers still get their turns in between.
 */
export class Slices {
  #waiting: (() => void)[] = [];
  #running = false;

  /** @param onError a piece that throws does not keep the others from running */
  constructor(private readonly onError: (error: unknown) => void) {}

  run(piece: () => void): void {
    this.#waiting.push(piece);
    if (this.#running) return;
    this.#running = true;
    setImmediate(() => void this.#drain());
  }

  async #drain(): Promise<void> {
    let began = performance.now();
    while (this.#waiting.length > 0) {
      const pieces = this.#waiting;
      this.#waiting = [];
      for (const piece of pieces) {
        try {
          piece();
        } catch (error) {
          this.onError(error);
        }
        // promises that the piece settled belong to its time
        await undefined;
        if (performance.now() - began < SLICE_MS) continue;
        await new Promise((resolve) => setImmediate(resolve));
        began = performance.now();
      }
    }
    this.#running = false;
  }
}
