import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { isOwnHost } from '../loopback.js';

export interface GuardSettings {
  readonly token: string | undefined;
  /** `http` or `https`, as the page was loaded. */
  readonly scheme: 'http' | 'https';
  /** Host names that are ours, beside addresses and `localhost`. */
  readonly names: readonly string[];
  /** Things whose certificate is as good as the token, and who tells whose was shown. Absent: none is. */
  readonly clients?: {
    readonly things: readonly string[];
    peer(socket: TLSSocket): { readonly thing: string } | { readonly refused: string };
  };
}

export interface Refused {
  readonly status: 401 | 403 | 421;
  readonly message: string;
}

export const SESSION_COOKIE = 'greenlight';

/**
 * Who may ask. A page of another site can make a browser send requests here; it cannot forge their Host, Origin and
 * Sec-Fetch-Site (Fetch Metadata), nor read the cookie.
 */
export class Guard {
  readonly #token: Buffer | undefined;
  readonly #names: ReadonlySet<string>;

  constructor(private readonly settings: GuardSettings) {
    this.#token = settings.token === undefined ? undefined : digest(settings.token);
    this.#names = new Set(['localhost', ...settings.names.map((name) => name.toLowerCase())]);
  }

  /** Of every request. @returns undefined when it is ours */
  site(request: IncomingMessage): Refused | undefined {
    const { host, origin } = request.headers;
    if (!isOwnHost(host, this.#names)) {
      return {
        status: 421,
        message: 'this is not a host name of the page; use the address that greenlight run prints',
      };
    }
    if (origin !== undefined && origin !== `${this.settings.scheme}://${host}`) {
      return { status: 403, message: 'a page of another site may not ask this' };
    }
    const site = request.headers['sec-fetch-site'];
    const opensPage = request.headers['sec-fetch-mode'] === 'navigate' && request.method === 'GET';
    if (site !== undefined && site !== 'same-origin' && site !== 'none' && !opensPage) {
      return { status: 403, message: 'a page of another site may not ask this' };
    }
    return undefined;
  }

  /** Of everything but the page's own files, which hold no secret. */
  visitor(request: IncomingMessage): Refused | undefined {
    const { clients } = this.settings;
    if (this.#token === undefined && clients === undefined) return undefined;
    if (this.isToken(given(request))) return undefined;
    const wrong = clients && this.#wrongCertificate(request.socket as TLSSocket, clients);
    if (clients && wrong === undefined) return undefined;
    if (this.#token !== undefined) return { status: 401, message: 'the token of the page is needed' };
    return { status: 403, message: wrong ?? 'a client certificate is needed' };
  }

  /** @returns why the certificate does not open the page */
  #wrongCertificate(
    socket: TLSSocket,
    { things, peer }: NonNullable<GuardSettings['clients']>,
  ): string | undefined {
    const verdict = peer(socket);
    if ('refused' in verdict) return verdict.refused;
    return things.includes(verdict.thing)
      ? undefined
      : `the certificate of ${verdict.thing} does not open this page; dashboard.clients names those that do`;
  }

  isToken(text: string | undefined): boolean {
    return this.#token !== undefined && text !== undefined && timingSafeEqual(digest(text), this.#token);
  }
}

/** Equal lengths, so that comparing tells nothing of the token's. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function given({ headers }: IncomingMessage): string | undefined {
  const bearer = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  for (const pair of (headers.cookie ?? '').split(';')) {
    const [name, ...value] = pair.trim().split('=');
    if (name !== SESSION_COOKIE) continue;
    try {
      return decodeURIComponent(value.join('='));
    } catch {
      // not a cookie that we set: as good as none
      return undefined;
    }
  }
  return undefined;
}
