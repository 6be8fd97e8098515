import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { isJsonObject, type JsonValue } from '../../hal/index.js';
import { controlSocket } from './address.js';
import { ControlError } from './errors.js';
import { holderOf } from './holder.js';

/** Time in ms within which an instance that is well begins to answer. */
const ANSWER_LIMIT_MS = 10_000;

/**
 * Speaks to the instance that runs on a state folder. Rejects with CONTROL_UNREACHABLE when none does, when it may not be
 * spoken to, or when it does not answer in time.
 */
export class ControlClient {
  constructor(
    private readonly stateDir: string,
    private readonly limitMs = ANSWER_LIMIT_MS,
  ) {}

  /**
   * @param path with leading slash, parameters encoded
   * @param waitMs time that the answer may take by its nature, beside the usual
   */
  async call(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
    waitMs = 0,
  ): Promise<JsonValue> {
    const response = await this.#open(method, path, body, { waitMs });
    let text = '';
    for await (const chunk of response) text += String(chunk);
    return JSON.parse(text) as JsonValue;
  }

  /** JSON lines as they come, until the instance ends or the signal is aborted. */
  async *stream(path: string, signal?: AbortSignal): AsyncIterable<JsonValue> {
    let response: IncomingMessage | undefined;
    try {
      response = await this.#open('GET', path, undefined, { signal });
      for await (const line of createInterface({ input: response })) yield JSON.parse(line) as JsonValue;
    } catch (error) {
      if (signal?.aborted) return;
      throw error instanceof ControlError ? error : await this.#unreachable(error);
    } finally {
      response?.destroy();
    }
  }

  async #open(
    method: string,
    path: string,
    body: unknown,
    { signal, waitMs = 0 }: { signal?: AbortSignal | undefined; waitMs?: number },
  ): Promise<IncomingMessage> {
    let response: IncomingMessage;
    try {
      response = await this.#ask(method, path, body, { signal, limitMs: this.limitMs + waitMs });
    } catch (error) {
      throw await this.#unreachable(error);
    }
    if (response.statusCode === 200) return response;
    let text = '';
    for await (const chunk of response) text += String(chunk);
    throw new ControlError('CONTROL_REFUSED', refusalOf(text, response.statusCode ?? 0));
  }

  #ask(
    method: string,
    path: string,
    body: unknown,
    { signal, limitMs }: { signal: AbortSignal | undefined; limitMs: number },
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const options = { socketPath: controlSocket(this.stateDir), method, path, agent: false };
      const sent: ClientRequest = request({ ...options, ...(signal && { signal }) });
      const timer = setTimeout(() => sent.destroy(new SilentError()), limitMs);
      sent.once('response', resolve);
      sent.once('error', reject);
      sent.once('response', () => clearTimeout(timer)).once('error', () => clearTimeout(timer));
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  async #unreachable(cause: unknown): Promise<ControlError> {
    return new ControlError('CONTROL_UNREACHABLE', await this.#whyUnreachable(cause), { cause });
  }

  async #whyUnreachable(cause: unknown): Promise<string> {
    const { stateDir } = this;
    if ((cause as NodeJS.ErrnoException).code === 'EACCES')
      return `this user may not speak to the instance on ${stateDir}; use sudo, or join the group of that folder (sudo usermod -aG greenlight "$USER", then log in again)`;
    const pid = await holderOf(stateDir);
    if (cause instanceof SilentError)
      return `the instance on ${stateDir}${pid === undefined ? '' : ` (pid ${pid})`} does not answer: it is blocked, or the machine is overloaded; its log tells (journalctl -u greenlight), and its watchdog or sudo systemctl restart greenlight ends it`;
    if (pid !== undefined)
      return `the instance on ${stateDir} (pid ${pid}) is starting or stopping and does not answer yet; ask again in a moment`;
    return `no instance runs on ${stateDir}; start it with greenlight run, or name its folder with --state`;
  }
}

/** It accepted the request and said nothing. */
class SilentError extends Error {}

function refusalOf(text: string, status: number): string {
  try {
    const body: unknown = JSON.parse(text);
    if (isJsonObject(body) && typeof body.message === 'string') return body.message;
  } catch {
    // not JSON: the status has to do
  }
  return `the instance answered ${status}`;
}
