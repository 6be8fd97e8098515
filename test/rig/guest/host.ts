import { createInterface } from 'node:readline';

/** A question to the machine that runs the emulator; it comes back over the serial console. */
export interface Question {
  readonly do: 'drive' | 'observe' | 'pulse';
  readonly offset: number;
  readonly level?: 0 | 1;
}

/** The outside of this guest: levels put on lines and seen on them, which no program in here can do. */
export class Host {
  readonly #lines = createInterface({ input: process.stdin });
  readonly #waiting: ((line: string) => void)[] = [];

  constructor() {
    this.#lines.on('line', (line) => this.#waiting.shift()?.(line));
  }

  /** Asks and waits for the answer, a number. */
  ask(question: Question): Promise<number> {
    return new Promise((resolve) => {
      this.#waiting.push((line) => resolve(Number(line)));
      process.stdout.write(`@@ask ${JSON.stringify(question)}\n`);
    });
  }

  close(): void {
    this.#lines.close();
  }
}
