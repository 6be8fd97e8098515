import type { Socket } from 'node:net';

/** A socket that speaks in lines, one question at a time. Lines that nobody waits for are dropped. */
export class LineChannel {
  #rest = '';
  #waiting:
    | { readonly wanted: (line: string) => boolean; readonly resolve: (line: string) => void }
    | undefined;
  readonly #early: string[] = [];

  constructor(private readonly socket: Socket) {
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (this.#rest + text).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.#line(line.trim());
    });
  }

  /** Forgets what came before, so that the next line is the answer. */
  send(line: string): void {
    this.#early.length = 0;
    this.socket.write(`${line}\n`);
  }

  /** The first line that fits, of those since the last send. */
  next(wanted: (line: string) => boolean): Promise<string> {
    const early = this.#early.find(wanted);
    if (early !== undefined) return Promise.resolve(early);
    return new Promise((resolve) => {
      this.#waiting = { wanted, resolve };
    });
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
