import type { ServerResponse } from 'node:http';

/** Pages at the same time. */
const STREAM_LIMIT = 64;
/** Bytes that wait for one page. One that reads more slowly is dropped; it comes back by itself and begins anew. */
const WAITING_LIMIT = 512 * 1024;
/** Frames that wait while a page's beginning is made: a minute of them. */
const WAITING_FRAMES = 600;

/** The pages that read the feed (server-sent events, HTML Living Standard 9.2). */
export class Streams {
  /** With the frames that wait for the page's beginning; undefined once that is sent. */
  readonly #open = new Map<ServerResponse, Buffer[] | undefined>();
  #dropped = 0;

  constructor(
    /** Called with true when the first page came, with false when the last one left. */
    private readonly watched: (on: boolean) => void,
    private readonly limits = { streams: STREAM_LIMIT, waiting: WAITING_LIMIT },
  ) {}

  get size(): number {
    return this.#open.size;
  }

  /** Pages that were dropped because they did not read. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Bytes that wait for pages to read them. */
  get waiting(): number {
    let bytes = 0;
    for (const response of this.#open.keys()) bytes += response.writableLength;
    return bytes;
  }

  /**
   * Takes a page in. What is told before {@link begin} is kept for after it: nothing falls between a page's beginning and
   * the changes that follow.
   * @returns false when there are too many; nothing was written then
   */
  add(response: ServerResponse): boolean {
    if (this.#open.size >= this.limits.streams) return false;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    response.flushHeaders();
    this.#open.set(response, []);
    response.once('close', () => this.#remove(response));
    // a stream that fails is closed next, and a page that went away is no failure
    response.on('error', () => this.#remove(response));
    if (this.#open.size === 1) this.watched(true);
    return true;
  }

  /** The first event of a page. */
  begin(response: ServerResponse, event: string, data: string): void {
    const waiting = this.#open.get(response);
    if (waiting === undefined) return;
    this.#open.set(response, undefined);
    for (const text of [Buffer.from(frame(event, data)), ...waiting]) this.#write(response, text);
  }

  /** To every page. The text is made once. */
  broadcast(event: string, data: string): void {
    const text = Buffer.from(frame(event, data));
    for (const [response, waiting] of this.#open) {
      if (waiting === undefined) this.#write(response, text);
      else if (waiting.length < WAITING_FRAMES) waiting.push(text);
      else this.#drop(response);
    }
  }

  close(): void {
    for (const response of [...this.#open.keys()]) response.destroy();
  }

  #write(response: ServerResponse, text: Buffer): void {
    if (response.destroyed) return;
    const waiting = response.writableLength;
    if (waiting > this.limits.waiting) this.#drop(response);
    else response.write(text);
  }

  #drop(response: ServerResponse): void {
    this.#dropped += 1;
    this.#remove(response);
    response.destroy();
  }

  #remove(response: ServerResponse): void {
    if (this.#open.delete(response) && this.#open.size === 0) this.watched(false);
  }
}

/** JSON has no line breaks, so one `data:` line carries it. */
function frame(event: string, data: string): string {
  return `event: ${event}\ndata: ${data}\n\n`;
}
