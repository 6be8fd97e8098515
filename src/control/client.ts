import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { isJsonObject, type JsonValue } from '../../hal/index.js';
import { controlSocket } from './address.js';
import { ControlError } from './errors.js';

/** Speaks to the instance that runs on a state folder. Rejects with CONTROL_UNREACHABLE when none does. */
export class ControlClient {
  constructor(private readonly stateDir: string) {}

  /** @param path with leading slash, parameters encoded */
  async call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<JsonValue> {
    const response = await this.#open(method, path, body);
    let text = '';
    for await (const chunk of response) text += String(chunk);
    return JSON.parse(text) as JsonValue;
  }

  /** JSON lines as they come, until the instance ends or the signal is aborted. */
  async *stream(path: string, signal?: AbortSignal): AsyncIterable<JsonValue> {
    const response = await this.#open('GET', path, undefined, signal);
    try {
      for await (const line of createInterface({ input: response })) yield JSON.parse(line) as JsonValue;
    } catch (error) {
      if (!signal?.aborted) throw this.#unreachable(error);
    } finally {
      response.destroy();
    }
  }

  async #open(method: string, path: string, body: unknown, signal?: AbortSignal): Promise<IncomingMessage> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent: ClientRequest = request(
        { socketPath: controlSocket(this.stateDir), method, path, agent: false, ...(signal && { signal }) },
        resolve,
      );
      sent.on('error', (error) => reject(this.#unreachable(error)));
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
    if (response.statusCode === 200) return response;
    let text = '';
    for await (const chunk of response) text += String(chunk);
    throw new ControlError('CONTROL_REFUSED', refusalOf(text, response.statusCode ?? 0));
  }

  #unreachable(cause: unknown): ControlError {
    const denied = (cause as NodeJS.ErrnoException).code === 'EACCES';
    const message = denied
      ? `this user may not speak to the instance on ${this.stateDir}; use the user it runs as, or sudo`
      : `no instance runs on ${this.stateDir}; start it with greenlight run, or name its folder with --state`;
    return new ControlError('CONTROL_UNREACHABLE', message, { cause });
  }
}

function refusalOf(text: string, status: number): string {
  try {
    const body: unknown = JSON.parse(text);
    if (isJsonObject(body) && typeof body.message === 'string') return body.message;
  } catch {
    // not JSON: the status has to do
  }
  return `the instance answered ${status}`;
}
