import type { ServerResponse } from 'node:http';

/** Pages at the same time. */
const STREAM_LIMIT = 64;
/** Bytes that wait for one page. One that reads more slowly is dropped; it comes back by itself and begins anew. */
const WAITING_LIMIT = 512 * 1024;

/** The pages that read the feed (server-sent events, HTML Living Standard 9.2). */
export class Streams {
  readonly #open = new Set<ServerResponse>();
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

  /** @returns false when there are too many; nothing was written then */
  add(response: ServerResponse): boolean {
    if (this.#open.size >= this.limits.streams) return false;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    response.flushHeaders();
    this.#open.add(response);
    response.once('close', () => this.#remove(response));
    // a stream that fails is closed next, and a page that went away is no failure
    response.on('error', () => this.#remove(response));
    if (this.#open.size === 1) this.watched(true);
    return true;
  }

  send(response: ServerResponse, event: string, data: string): void {
    this.#write(response, frame(event, data));
  }

  /** To every page but those in `except`. The text is made once. */
  broadcast(event: string, data: string, except?: ReadonlySet<ServerResponse>): void {
    const text = Buffer.from(frame(event, data));
    for (const response of this.#open) {
      if (!except?.has(response)) this.#write(response, text);
    }
  }

  close(): void {
    for (const response of [...this.#open]) response.destroy();
  }

  #write(response: ServerResponse, text: string | Buffer): void {
    if (response.destroyed) return;
    const waiting = response.writableLength + (response.socket?.writableLength ?? 0);
    if (waiting > this.limits.waiting) {
      this.#dropped += 1;
      response.destroy();
      return;
    }
    response.write(text);
  }

  #remove(response: ServerResponse): void {
    if (this.#open.delete(response) && this.#open.size === 0) this.watched(false);
  }
}

/** JSON has no line breaks, so one `data:` line carries it. */
function frame(event: string, data: string): string {
  return `event: ${event}\ndata: ${data}\n\n`;
}
