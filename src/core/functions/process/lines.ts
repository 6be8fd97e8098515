/** What a function prints, line by line, into the log under its name. */
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Clock, Log } from '../../../../hal/index.js';

/** Characters of a line that are kept. */
const MAX_LINE = 8_192;

type Level = 'debug' | 'info' | 'warn' | 'error';

/** `<N>` at the start of a line is its priority, as in sd-daemon(3). */
const LEVELS: readonly Level[] = ['error', 'error', 'error', 'error', 'warn', 'info', 'info', 'debug'];

/** The log of one function. All its processes share it, and its rate. */
export class LineLog {
  #second = -1;
  #lines = 0;
  #left = 0;

  constructor(
    private readonly deps: {
      readonly log: Log;
      readonly clock: Clock;
      /** Lines in a second; more are left out and counted. */
      readonly perSecond: number;
    },
  ) {}

  /** @param fallback level of lines without priority */
  follow(stream: Readable, fallback: Level): void {
    const decoder = new StringDecoder('utf8');
    let rest = '';
    stream.on('data', (chunk: Buffer) => {
      const parts = (rest + decoder.write(chunk)).split('\n');
      rest = parts.pop() ?? '';
      for (const line of parts) this.write(line, fallback);
      if (rest.length > MAX_LINE) {
        this.write(rest, fallback);
        rest = '';
      }
    });
    stream.on('end', () => {
      if (rest !== '') this.write(rest, fallback);
    });
    // a pipe that breaks says no more than its end does
    stream.on('error', () => {});
  }

  write(line: string, fallback: Level): void {
    if (!this.#admit()) return;
    const priority = /^<([0-7])>/.exec(line);
    const level = priority ? (LEVELS[Number(priority[1])] ?? fallback) : fallback;
    const text = (priority ? line.slice(3) : line).slice(0, MAX_LINE).trimEnd();
    if (text !== '') this.deps.log[level]({}, text);
  }

  #admit(): boolean {
    const { clock, log, perSecond } = this.deps;
    const second = Math.floor(Number(clock.monotonicNs() / 1_000_000n) / 1000);
    if (second !== this.#second) {
      if (this.#left > 0)
        log.warn({ lines: this.#left }, `${this.#left} lines were left out: too many in a second`);
      this.#second = second;
      this.#lines = 0;
      this.#left = 0;
    }
    this.#lines += 1;
    if (this.#lines <= perSecond) return true;
    this.#left += 1;
    return false;
  }
}
