import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import { packageFolder } from '../package.js';

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

interface Asset {
  readonly type: string;
  readonly etag: string;
  readonly plain: Buffer;
  readonly br: Buffer;
  readonly gzip: Buffer;
}

/** The files of the page, read and compressed once, when the server starts. Nothing else can be reached. */
export class Assets {
  readonly #files = new Map<string, Asset>();

  async load(): Promise<void> {
    const page = join(packageFolder(), 'page');
    // the package exports its doorway only; charts and their style lie beside it
    const uplot = dirname(createRequire(import.meta.url).resolve('uplot'));
    const files: (readonly [name: string, path: string])[] = [
      ...(await readdir(page)).map((name) => [name, join(page, name)] as const),
      ['uplot.js', join(uplot, 'uPlot.esm.js')],
      ['uplot.css', join(uplot, 'uPlot.min.css')],
    ];
    await Promise.all(
      files.map(async ([name, path]) => {
        const type = TYPES[name.slice(name.lastIndexOf('.') + 1)];
        if (type === undefined) return;
        this.#files.set(name === 'index.html' ? '/' : `/${name}`, await assetOf(type, await readFile(path)));
      }),
    );
  }

  /** @returns false when there is no such file */
  serve(path: string, request: IncomingMessage, response: ServerResponse): boolean {
    const asset = this.#files.get(path);
    if (asset === undefined) return false;
    const { type, etag } = asset;
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304, { etag }).end();
      return true;
    }
    const accepted = String(request.headers['accept-encoding'] ?? '');
    const coding = /\bbr\b/.test(accepted) ? 'br' : /\bgzip\b/.test(accepted) ? 'gzip' : undefined;
    const body = coding === undefined ? asset.plain : asset[coding];
    response.writeHead(200, {
      'content-type': type,
      'content-length': body.length,
      // asked for anew each time, and mostly answered with 304
      'cache-control': 'no-cache',
      etag,
      vary: 'accept-encoding',
      ...(coding && { 'content-encoding': coding }),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
    return true;
  }
}

async function assetOf(type: string, plain: Buffer): Promise<Asset> {
  const [br, zipped] = await Promise.all([promisify(brotliCompress)(plain), promisify(gzip)(plain)]);
  const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
  return { type, etag, plain, br, gzip: zipped };
}
