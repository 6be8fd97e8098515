/**
 * The local HTTP API of a Greengrass V1 core (`/2016-11-01`), by which functions get work, give results, publish, use
 * shadows and invoke each other; and beside it the GPIO lines (`lines.ts`). On loopback only; each process has a token of its own.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isJsonObject, type JsonValue, type Log, messageOf } from '../../../../hal/index.js';
import { BrokerError } from '../../broker/index.js';
import { functionName, ROUTER_ARN, SHADOW_ARN } from '../arn.js';
import { FunctionError } from '../errors.js';
import type { FunctionLimits } from '../limits.js';
import type { Poll } from '../process/worker.js';
import { type ClientContext, failed, type WorkResult } from '../work.js';
import type { ApiCalls, Caller } from './calls.js';
import { answer, answerJson, header, Refused, readBody, readJson } from './http.js';
import { LINES, serveLine } from './lines.js';

const BASE = '/2016-11-01';
const HOST = '127.0.0.1';
const INVOCATION = 'X-Amz-InvocationId';
const CONTEXT = 'X-Amz-Client-Context';
const FAILURE = 'X-Amz-Function-Error';

/** Entries of one POST to the log that are looked at. */
const LOG_EVENTS = 1_000;
const HEALTH_ARNS = 1_000;

export interface FunctionApiOptions {
  readonly calls: ApiCalls;
  /** 0: any. */
  readonly port: number;
  readonly limits: Pick<FunctionLimits, 'bodyBytes' | 'messageBytes' | 'pendingResults'>;
  readonly log: Log;
}

export class FunctionApi {
  #server: Server | undefined;

  constructor(private readonly options: FunctionApiOptions) {}

  /** Known once started. */
  get port(): number {
    return (this.#server?.address() as AddressInfo | null | undefined)?.port ?? 0;
  }

  /** @throws {FunctionError} FUNCTION_API */
  async start(): Promise<void> {
    const server = createServer((request, response) => void this.#serve(request, response));
    // a request for work waits as long as there is none
    server.requestTimeout = 0;
    server.keepAliveTimeout = 60_000;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) =>
        reject(
          new FunctionError(
            'FUNCTION_API',
            `the functions' API cannot listen on ${HOST}:${this.options.port}: ${messageOf(error)}; choose another port`,
            { cause: error },
          ),
        ),
      );
      server.listen(this.options.port, HOST, resolve);
    });
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#route(request, response);
    } catch (error) {
      // told to whoever asked, and logged when it is ours
      if (error instanceof Refused) answerJson(response, error.status, { message: error.message });
      else if (error instanceof BrokerError && error.code === 'BROKER_ARGUMENT') {
        answerJson(response, 400, { message: error.message });
      } else if (error instanceof FunctionError) {
        const status =
          error.code === 'FUNCTION_UNKNOWN' ? 404 : error.code === 'FUNCTION_QUEUE_FULL' ? 429 : 503;
        answerJson(response, status, { message: error.message });
      } else if (!request.destroyed) {
        this.options.log.error({ err: error }, `functions' API: ${messageOf(error)}`);
        answerJson(response, 500, { message: 'internal failure' });
      }
      // what is left of a body that is too large is not waited for
      if (error instanceof Refused && error.status === 413) response.once('finish', () => request.destroy());
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname.startsWith(LINES)) {
      const line = decode(pathname.slice(LINES.length));
      return serveLine(request, response, { calls: this.options.calls, caller: this.#caller(request), line });
    }
    if (!pathname.startsWith(`${BASE}/`)) throw new Refused(404, 'not found');
    const path = decode(pathname.slice(BASE.length + 1));
    if (path === 'health/workers') return this.#health(request, response);
    const caller = this.#caller(request);
    if (path.startsWith('functions/')) return this.#functions(request, response, caller, path.slice(10));
    if (path === 'cloudwatch/logs/' || path === 'cloudwatch/logs')
      return this.#logs(request, response, caller);
    if (path === 'credentialprovider/' || path === 'credentialprovider') {
      const credentials = await this.options.calls.credentials(caller.name);
      if (credentials === undefined) throw new Refused(404, 'this core has no AWS credentials to give');
      return answerJson(response, 200, credentials);
    }
    throw new Refused(404, 'not found');
  }

  #caller(request: IncomingMessage): Caller {
    const caller = this.options.calls.caller(header(request, 'authorization'));
    if (caller === undefined)
      throw new Refused(401, 'the Authorization header holds no token of a running function');
    return caller;
  }

  async #functions(
    request: IncomingMessage,
    response: ServerResponse,
    caller: Caller,
    rest: string,
  ): Promise<void> {
    const [, arn = '', action] = /^(.*?)(?:\/(work|initialized))?$/.exec(rest) ?? [];
    const call = `${request.method} ${action ?? ''}`.trim();
    if (action !== undefined && functionName(arn) !== caller.name) {
      throw new Refused(403, `the token is one of function ${caller.name}, not of ${arn.slice(0, 256)}`);
    }
    const limit = this.options.limits.bodyBytes;
    switch (call) {
      case 'GET work':
        return getWork(response, caller);
      case 'POST work':
        return postResult(request, response, caller, await readBody(request, limit));
      case 'PUT initialized':
        return initialized(response, caller, await readBody(request, limit));
      case 'POST':
        return this.#post(request, response, caller, { arn, payload: await readBody(request, limit) });
      case 'GET':
        return getResult(request, response, caller);
      default:
        throw new Refused(405, `${request.method} is not known here`);
    }
  }

  /** Publish, a shadow request, or the invocation of another function. */
  async #post(
    request: IncomingMessage,
    response: ServerResponse,
    caller: Caller,
    { arn, payload }: { readonly arn: string; readonly payload: Buffer },
  ): Promise<void> {
    const { calls } = this.options;
    const context = clientContext(header(request, CONTEXT.toLowerCase()));
    const id = randomUUID();
    if (arn === ROUTER_ARN) {
      const limit = this.options.limits.messageBytes;
      if (payload.length > limit) throw new Refused(413, `a message has at most ${limit} bytes`);
      // the source in the context is what the function says; who it is, the token says
      await calls.publish(caller.name, subjectOf(context), payload);
      // nobody fetches this result: the SDKs know it without asking
    } else if (arn === SHADOW_ARN) {
      const result = calls
        .shadow(caller.name, subjectOf(context), payload)
        .then((body): WorkResult => ({ ok: true, payload: Buffer.from(JSON.stringify(body)) }));
      this.#keep(caller, id, result);
    } else {
      const name = functionName(arn);
      if (name === undefined) throw new Refused(404, `no function ${arn.slice(0, 256)}`);
      const result = calls.invoke(name, payload, context);
      await accepted(result);
      if (header(request, 'x-amz-invocation-type') !== 'Event') this.#keep(caller, id, result);
    }
    answer(response, 202, '', { [INVOCATION]: id });
  }

  #keep(caller: Caller, id: string, result: Promise<WorkResult>): void {
    if (caller.results.size >= this.options.limits.pendingResults) {
      throw new Refused(429, `${caller.results.size} results wait to be fetched; fetch them first`);
    }
    // told to whoever fetches it
    result.catch(() => {});
    caller.results.set(id, result);
  }

  async #logs(request: IncomingMessage, response: ServerResponse, caller: Caller): Promise<void> {
    const body = readJson(await readBody(request, this.options.limits.bodyBytes));
    const events = isJsonObject(body) && Array.isArray(body.logEvents) ? body.logEvents : [];
    for (const event of events.slice(0, LOG_EVENTS) as JsonValue[]) {
      if (isJsonObject(event) && typeof event.message === 'string') caller.log(event.message);
    }
    answerJson(response, 200, {});
  }

  /** Without a token, as V1 has it: it tells no more than `ps` does. */
  async #health(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { calls } = this.options;
    if (request.method === 'GET') return answerJson(response, 200, calls.health() ?? []);
    const body = readJson(await readBody(request, this.options.limits.bodyBytes));
    const arns = isJsonObject(body) ? body.FuncArns : undefined;
    if (!Array.isArray(arns) || !arns.every((arn) => typeof arn === 'string')) {
      throw new Refused(400, 'Invalid request');
    }
    if (arns.length > HEALTH_ARNS) throw new Refused(400, 'Request exceeds max number of workers');
    const found = arns.map((arn: string) => ({ arn, workers: calls.health(functionName(arn) ?? '') }));
    answerJson(response, 200, {
      Workers: found.flatMap(({ workers = [] }) => workers),
      InvalidArns: found.filter(({ workers }) => workers === undefined).map(({ arn }) => arn),
    });
  }
}

/** Waits until there is work, or whoever asked is gone. */
function getWork(response: ServerResponse, caller: Caller): void {
  const poll: Poll = {
    answer({ id, payload, context }) {
      answer(response, 200, payload, {
        [INVOCATION]: id,
        [CONTEXT]: Buffer.from(JSON.stringify(context)).toString('base64'),
        'Content-Type': 'application/octet-stream',
      });
    },
  };
  response.once('close', () => caller.worker.left(poll));
  caller.worker.wait(poll);
}

function postResult(request: IncomingMessage, response: ServerResponse, caller: Caller, body: Buffer): void {
  const id = header(request, INVOCATION.toLowerCase());
  const failure = header(request, FAILURE.toLowerCase());
  const result: WorkResult =
    failure === ''
      ? { ok: true, payload: body }
      : failed(failure === 'Unhandled' ? 'Unhandled' : 'Handled', errorMessage(body));
  if (!caller.worker.finish(id, result))
    throw new Refused(404, `no invocation ${id.slice(0, 64)} is under way`);
  answer(response, 202, '');
}

/** A result is fetched once. The empty header says success: a missing one does not, to the Python SDK. */
async function getResult(request: IncomingMessage, response: ServerResponse, caller: Caller): Promise<void> {
  const id = header(request, INVOCATION.toLowerCase());
  const pending = caller.results.get(id);
  if (pending === undefined) throw new Refused(404, `no result for invocation ${id.slice(0, 64)}`);
  caller.results.delete(id);
  const result = await pending;
  if (result.ok) answer(response, 200, result.payload, { [FAILURE]: '', [INVOCATION]: id });
  else {
    const body = JSON.stringify({ errorMessage: result.message });
    answer(response, 200, body, { [FAILURE]: result.failure, [INVOCATION]: id });
  }
}

function initialized(response: ServerResponse, caller: Caller, body: Buffer): void {
  const told = readJson(body);
  if (!isJsonObject(told) || typeof told.Success !== 'boolean') throw new Refused(400, 'Invalid request');
  caller.worker.initialized(told.Success, String(told.Response ?? ''));
  answerJson(response, 200, {});
}

function errorMessage(body: Buffer): string {
  const text = body.toString('utf8');
  try {
    const value = JSON.parse(text) as JsonValue;
    if (isJsonObject(value) && 'errorMessage' in value) return String(value.errorMessage);
  } catch {
    // not JSON: the text itself is the message
  }
  return text.slice(0, 1_024);
}

function clientContext(encoded: string): ClientContext {
  if (encoded === '') return {};
  const context = readJson(Buffer.from(encoded, 'base64'));
  if (!isJsonObject(context)) throw new Refused(400, `${CONTEXT} is no base64 of a JSON object`);
  const { custom, ...rest } = context;
  return { ...rest, ...(custom !== undefined && isJsonObject(custom) && { custom }) };
}

function subjectOf({ custom }: ClientContext): string {
  const subject = custom?.subject;
  if (typeof subject !== 'string' || subject === '')
    throw new Refused(400, 'the client context has no subject');
  return subject;
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // a stray percent sign: no path of ours
    throw new Refused(404, 'not found');
  }
}

/** An invocation that was not accepted rejects at once; one that was settles later. */
async function accepted(result: Promise<WorkResult>): Promise<void> {
  await Promise.race([result, new Promise((resolve) => setImmediate(resolve))]);
}
