import type { Line } from '../hal/index.js';

/** The lines that a role holds, let go together. */
export class HeldLines {
  readonly #lines: Line[] = [];

  /** Takes a line in. It is closed in the order of taking. */
  async take<L extends Line>(request: Promise<L>): Promise<L> {
    const line = await request;
    this.#lines.push(line);
    return line;
  }

  /** Closes every line, past failures. @throws {Error} the first failure, after all were tried */
  async close(): Promise<void> {
    let first: unknown;
    for (let line = this.#lines.shift(); line; line = this.#lines.shift()) {
      try {
        await line.close();
      } catch (error) {
        first ??= error;
      }
    }
    if (first !== undefined) throw first;
  }
}
