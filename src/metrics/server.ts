import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf } from '../../hal/index.js';
import type { Service } from '../lifecycle.js';
import { isOwnHost } from '../loopback.js';
import { healthOf, type PartStatus } from '../status.js';
import type { MetricsDeps } from './contract.js';
import { MetricsError } from './errors.js';
import { CONTENT_TYPE, exposition } from './exposition.js';
import { partMetrics } from './parts.js';
import { processMetrics } from './process.js';
import { siteMetrics } from './site.js';

const CONNECTIONS = 32;
const NAMES: ReadonlySet<string> = new Set(['localhost']);

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** Serves `/metrics` and `/healthz` to programs of this machine. Nobody is asked who they are. */
export class MetricsServer implements Service {
  readonly name = 'metrics';
  readonly #deps: MetricsDeps;
  readonly #paths: Readonly<Record<string, () => Promise<Answer>>> = {
    '/metrics': () => this.#metrics(),
    '/healthz': () => this.#healthz(),
  };
  #server: Server | undefined;
  #scrapes = 0;
  /** The answer that is being made: those who ask meanwhile get the same. */
  #making: Promise<string> | undefined;

  constructor(deps: MetricsDeps) {
    this.#deps = deps;
  }

  get url(): string {
    const { host } = this.#deps;
    const port = (this.#server?.address() as AddressInfo | null)?.port ?? 0;
    return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  }

  /** @throws {MetricsError} METRICS_LISTEN */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { host, port, log } = this.#deps;
    const server = createServer((request, response) => void this.#serve(request, response));
    server.maxConnections = CONNECTIONS;
    server.headersTimeout = 10_000;
    server.requestTimeout = 10_000;
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) =>
        reject(
          new MetricsError(
            'METRICS_LISTEN',
            `metrics: ${host}:${port} cannot be listened on: ${messageOf(cause)}; give metrics.port another number`,
            { cause },
          ),
        ),
      );
      server.listen({ host, port }, () => resolve());
    });
    server.removeAllListeners('error');
    server.on('error', (error) => log.warn({ err: error }, `the listener failed: ${messageOf(error)}`));
    log.info({ url: this.url }, `metrics are at ${this.url}/metrics, health at ${this.url}/healthz`);
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  status(): PartStatus {
    return {
      name: this.name,
      kind: 'listener',
      state: 'ok',
      figures: { url: this.url, scrapes: this.#scrapes },
    };
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: Answer;
    try {
      answer = await this.#answer(request);
    } catch (error) {
      this.#deps.log.error({ err: error }, `a request failed: ${messageOf(error)}`);
      answer = plain(500, 'it failed; the log says why\n');
    }
    if (response.destroyed) return;
    const length = Buffer.byteLength(answer.text);
    response.writeHead(answer.status, {
      'content-type': answer.type,
      'content-length': length,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...(answer.status === 405 && { allow: 'GET, HEAD' }),
    });
    response.end(request.method === 'HEAD' ? undefined : answer.text);
  }

  async #answer({ method, url = '/', headers }: IncomingMessage): Promise<Answer> {
    if (!isOwnHost(headers.host, NAMES))
      return plain(421, 'this is not a host name of this machine; use its loopback address\n');
    const path = url.split('?', 1)[0]!;
    const make = Object.hasOwn(this.#paths, path) ? this.#paths[path] : undefined;
    if (make === undefined) return plain(404, 'there are /metrics and /healthz\n');
    if (method !== 'GET' && method !== 'HEAD') return plain(405, 'only GET and HEAD are known here\n');
    return make();
  }

  async #metrics(): Promise<Answer> {
    this.#scrapes += 1;
    this.#making ??= this.#collect().finally(() => {
      this.#making = undefined;
    });
    return { status: 200, type: CONTENT_TYPE, text: await this.#making };
  }

  async #collect(): Promise<string> {
    const status = await this.#deps.status();
    const things = new Set(this.#deps.things().map(({ name }) => name));
    return exposition([
      ...(await siteMetrics(this.#deps, status, Date.now())),
      ...partMetrics(status.parts, (name) => things.has(name)),
      ...(await processMetrics()),
    ]);
  }

  async #healthz(): Promise<Answer> {
    const { healthy, causes } = healthOf(await this.#deps.status());
    return healthy ? plain(200, 'ok\n') : plain(503, causes.map((cause) => `${cause}\n`).join(''));
  }
}

function plain(status: number, text: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', text };
}
