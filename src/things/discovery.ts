import { readFile, rename, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { isIP } from 'node:net';
import { isJsonObject, type JsonValue, type Log, messageOf } from '../../hal/index.js';
import type { CoreAddress, Credentials } from './connection.js';
import { ThingError } from './errors.js';
import type { Locate } from './link.js';

export interface DiscoveryOptions {
  readonly host: string;
  readonly port: number;
  /** Where discovery is, when host and port do not say; none: nowhere at the moment. */
  readonly find?: () => Promise<readonly DiscoveryServerAddress[]>;
  /** PEM of the CA that signed the discovery server's certificate. */
  readonly ca: string;
  readonly credentials: () => Promise<Credentials>;
  /** File of the last good answer, for starts without the server. */
  readonly cacheFile: string;
  readonly log: Log;
}

export interface DiscoveryServerAddress {
  readonly host: string;
  readonly port: number;
}

/** Time in ms for the whole request. */
const REQUEST_LIMIT_MS = 10_000;
/** Bytes of an answer at most: ten groups with their CAs fit many times. */
const ANSWER_LIMIT = 256 * 1024;
const ALPN = ['x-amzn-http-ca', 'http/1.1'];

/**
 * Finds cores by the Greengrass discovery API and keeps the last good answer, which is used when the server cannot be
 * reached. A refusal (401, 403, 404) is an answer: the kept one is not used then.
 */
export function discovered(options: DiscoveryOptions): Locate {
  return async (signal) => {
    const { thing } = await options.credentials();
    let answer: { readonly body: string; readonly where: string };
    try {
      answer = await askAny(options, thing, signal);
    } catch (error) {
      const where = options.find ? 'by multicast DNS' : `at ${urlOf(options, thing)}`;
      if (error instanceof ThingError) throw error;
      const kept = await readFile(options.cacheFile, 'utf8').catch(() => undefined);
      if (kept === undefined) {
        throw new ThingError(
          'THING_DISCOVERY',
          `${thing}: discovery ${where} failed: ${messageOf(error)}; ${options.find ? 'is core.discovery.mdns set there, and its interface in this network?' : 'is the core running there, and is it the right host and port?'}`,
          { cause: error },
        );
      }
      options.log.info(
        { cause: messageOf(error) },
        `discovery ${where} failed, the last good answer is used`,
      );
      return parseDiscovery(kept, options.cacheFile);
    }
    const addresses = parseDiscovery(answer.body, answer.where);
    await keep(options.cacheFile, answer.body).catch((error) => {
      // discovery worked; only a later start without the server suffers
      options.log.warn(
        { file: options.cacheFile },
        `the discovery answer could not be kept: ${messageOf(error)}`,
      );
    });
    return addresses;
  };
}

/**
 * Reads a discovery answer: every address of every core of every group, in order.
 * @throws {ThingError} THING_DISCOVERY when it is not one, or names no core
 */
export function parseDiscovery(body: string, where: string): CoreAddress[] {
  let answer: JsonValue;
  try {
    answer = JSON.parse(body) as JsonValue;
  } catch (error) {
    throw new ThingError('THING_DISCOVERY', `${where} did not answer with JSON; is it a discovery server?`, {
      cause: error,
    });
  }
  const addresses: CoreAddress[] = [];
  for (const group of objects(isJsonObject(answer) ? answer.GGGroups : undefined)) {
    const ca = (Array.isArray(group.CAs) ? group.CAs : [])
      .filter((pem) => typeof pem === 'string')
      .join('\n');
    for (const core of objects(group.Cores)) {
      for (const at of objects(core.Connectivity)) {
        const { HostAddress: host, PortNumber: port } = at;
        if (typeof host === 'string' && typeof port === 'number') addresses.push({ host, port, ca });
      }
    }
  }
  if (addresses.length === 0)
    throw new ThingError('THING_DISCOVERY', `${where} named no core with an address`);
  return addresses;
}

function objects(value: JsonValue | undefined): { readonly [key: string]: JsonValue }[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function urlOf({ host, port }: DiscoveryServerAddress, thing: string): string {
  return `https://${isIP(host) === 6 ? `[${host}]` : host}:${port}/greengrass/discover/thing/${thing}`;
}

/** The first server that answers. @throws what the last one failed with */
async function askAny(
  options: DiscoveryOptions,
  thing: string,
  signal: AbortSignal,
): Promise<{ body: string; where: string }> {
  const { find, host, port } = options;
  let failure: unknown = new Error('no core of this group announced itself');
  for (const server of find ? await find() : [{ host, port }]) {
    const where = urlOf(server, thing);
    try {
      return { body: await ask({ ...options, ...server }, where, signal), where };
    } catch (error) {
      signal.throwIfAborted();
      failure = error;
    }
  }
  throw failure;
}

async function ask(options: DiscoveryOptions, where: string, signal: AbortSignal): Promise<string> {
  const { thing, certificate, privateKey } = await options.credentials();
  const agent = new Agent({ ALPNProtocols: ALPN, maxSockets: 1, keepAlive: false });
  const { status, body } = await new Promise<{ status: number; body: string }>((resolve, reject) => {
    const sent = request(
      where,
      {
        ca: options.ca,
        cert: certificate,
        key: privateKey,
        agent,
        signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_LIMIT_MS)]),
        ...(isIP(options.host) === 0 && { servername: options.host }),
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
          if (text.length > ANSWER_LIMIT)
            sent.destroy(new Error(`the answer is longer than ${ANSWER_LIMIT} bytes`));
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end();
  });
  if (status === 200) return body;
  if (status >= 500) throw new Error(`it answered ${status}`);
  throw new ThingError(
    'THING_DISCOVERY',
    `${thing}: discovery at ${where} answered ${status}${REFUSALS[status] ?? ''}`,
  );
}

const REFUSALS: Readonly<Record<number, string>> = {
  401: ': the certificate was not accepted',
  403: ': the certificate belongs to another thing',
  404: ': the thing is not a member of a group with a core; add it there with greenlight thing add',
};

async function keep(file: string, body: string): Promise<void> {
  const next = `${file}.new`;
  await writeFile(next, body, { mode: 0o600 });
  await rename(next, file);
}
