import type { Socket } from 'node:net';

type Wanted = (line: string) => boolean;

/** A socket that speaks in lines. Questions are asked one after another; lines that nobody waits for are dropped. */
export class LineChannel {
  #rest = '';
  #waiting: { readonly wanted: Wanted; readonly resolve: (line: string) => void } | undefined;
  #early: string[] = [];
  #tail: Promise<unknown> = Promise.resolve();

  constructor(private readonly socket: Socket) {
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (this.#rest + text).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.#line(line.trim());
    });
  }

  /** The first line that fits, of those since the last question. */
  next(wanted: Wanted): Promise<string> {
    const early = this.#early.find(wanted);
    if (early !== undefined) return Promise.resolve(early);
    return new Promise((resolve) => {
      this.#waiting = { wanted, resolve };
    });
  }

  /** Sends a line when earlier questions are answered. @returns the first line after it that fits */
  ask(line: string, wanted: Wanted): Promise<string> {
    const answer = this.#tail.then(() => {
      this.#early = [];
      this.socket.write(`${line}\n`);
      return this.next(wanted);
    });
    this.#tail = answer;
    return answer;
  }

  close(): void {
    this.socket.destroy();
  }

  #line(line: string): void {
    if (!this.#waiting) {
      this.#early.push(line);
      return;
    }
    if (!this.#waiting.wanted(line)) return;
    const { resolve } = this.#waiting;
    this.#waiting = undefined;
    resolve(line);
  }
}
