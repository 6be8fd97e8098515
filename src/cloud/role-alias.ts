import { Agent, request } from 'node:https';
import { isIP } from 'node:net';
import { type Clock, isJsonObject, type JsonValue, type Log, messageOf } from '../../hal/index.js';
import type { Credentials } from '../things/connection.js';
import { CloudError } from './errors.js';

/** As the AWS SDK takes them. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}

export interface RoleAliasOptions {
  /** The account's: `<id>.credentials.iot.<region>.amazonaws.com`. */
  readonly endpoint: string;
  /** Default 443. */
  readonly port?: number;
  /** PEM. Absent: the roots that Node knows, Amazon's among them. */
  readonly ca?: string;
  readonly roleAlias: string;
  /** The device's certificate; its thing's name goes with the request. */
  readonly credentials: () => Promise<Credentials>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Asked for anew so long before they expire, ms. */
const REFRESH_BEFORE_MS = 300_000;
const REQUEST_LIMIT_MS = 10_000;
const ANSWER_LIMIT = 64 * 1024;

/**
 * Temporary AWS credentials for a device certificate, from AWS IoT's credentials provider. Kept in memory and asked for
 * anew five minutes before they expire; while that fails, the kept ones serve as long as they are valid. Concurrent
 * callers share one request. The function rejects with CLOUD_CREDENTIALS.
 * AWS IoT Core developer guide, "Authorizing direct calls to AWS services using AWS IoT Core credential provider".
 */
export function roleAliasCredentials(options: RoleAliasOptions): () => Promise<AwsCredentials> {
  const { clock, log } = options;
  let kept: AwsCredentials | undefined;
  let asking: Promise<AwsCredentials> | undefined;
  const left = (): number => (kept === undefined ? 0 : kept.expiration.getTime() - clock.now());
  const renew = async (): Promise<AwsCredentials> => {
    try {
      kept = await ask(options);
      return kept;
    } catch (error) {
      if (kept === undefined || left() <= 0) throw error;
      log.warn({ code: 'CLOUD_CREDENTIALS' }, `${messageOf(error)}; the kept credentials serve meanwhile`);
      return kept;
    } finally {
      asking = undefined;
    }
  };
  return async () => {
    if (kept !== undefined && left() > REFRESH_BEFORE_MS) return kept;
    asking ??= renew();
    return asking;
  };
}

async function ask(options: RoleAliasOptions): Promise<AwsCredentials> {
  const { endpoint, port = 443, roleAlias, ca } = options;
  const { thing, certificate, privateKey } = await options.credentials();
  const where = `https://${endpoint}:${port}/role-aliases/${encodeURIComponent(roleAlias)}/credentials`;
  const failed = (what: string, cause?: unknown): CloudError =>
    new CloudError('CLOUD_CREDENTIALS', `${thing}: no credentials from ${where}: ${what}`, { cause });
  const agent = new Agent({ maxSockets: 1, keepAlive: false });
  let answer: { status: number; body: string };
  try {
    answer = await new Promise((resolve, reject) => {
      const sent = request(
        where,
        {
          ...(ca !== undefined && { ca }),
          cert: certificate,
          key: privateKey,
          agent,
          headers: { 'x-amzn-iot-thingname': thing },
          signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
          // SNI is for names (RFC 6066 §3)
          ...(isIP(endpoint) === 0 && { servername: endpoint }),
        },
        (response) => {
          let body = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => {
            body += chunk;
            if (body.length > ANSWER_LIMIT)
              sent.destroy(new Error(`the answer is longer than ${ANSWER_LIMIT} bytes`));
          });
          response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
          response.on('error', reject);
        },
      );
      sent.on('error', reject);
      sent.end();
    });
  } catch (error) {
    throw failed(messageOf(error), error);
  }
  if (answer.status !== 200) throw failed(`it answered ${answer.status}${REFUSALS[answer.status] ?? ''}`);
  return read(answer.body) ?? raise(failed('the answer holds none'));
}

const REFUSALS: Readonly<Record<number, string>> = {
  400: ': is the role alias right?',
  403: ': the certificate is not active, is not attached to the thing, or its policy lacks iot:AssumeRoleWithCertificate',
  404: ': the role alias does not exist',
};

function read(body: string): AwsCredentials | undefined {
  let answer: JsonValue;
  try {
    answer = JSON.parse(body) as JsonValue;
  } catch {
    // the caller says that there are no credentials in it
    return undefined;
  }
  const found = isJsonObject(answer) ? answer.credentials : undefined;
  if (!isJsonObject(found)) return undefined;
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = found;
  if (
    typeof accessKeyId !== 'string' ||
    typeof secretAccessKey !== 'string' ||
    typeof sessionToken !== 'string' ||
    typeof expiration !== 'string'
  ) {
    return undefined;
  }
  const expires = new Date(expiration);
  if (Number.isNaN(expires.getTime())) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken, expiration: expires };
}

function raise(error: Error): never {
  throw error;
}
