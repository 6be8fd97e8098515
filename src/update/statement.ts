/** What a signature says of an archive. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { isJsonObject, messageOf } from '../../hal/index.js';
import { UpdateError } from './errors.js';
import { VERSION } from './version.js';

/** As in names of packages. */
export type Architecture = 'arm64' | 'armhf' | 'amd64';

const ARCHITECTURES: Readonly<Partial<Record<NodeJS.Architecture, Architecture>>> = {
  arm64: 'arm64',
  arm: 'armhf',
  x64: 'amd64',
};

/** Of this machine. Undefined: there is no package for it. */
export function ownArchitecture(arch: NodeJS.Architecture = process.arch): Architecture | undefined {
  return ARCHITECTURES[arch];
}

export interface Statement {
  /** Kind and version of the statement. */
  readonly type: 'greenlight-update/1';
  readonly name: string;
  readonly version: string;
  readonly arch: string;
  /** Bytes of the archive. */
  readonly size: number;
  /** Of the archive, in hexadecimal. */
  readonly sha256: string;
}

/** Bytes that an archive may have. */
export const ARCHIVE_LIMIT = 256 * 1024 * 1024;

/** @throws {UpdateError} UPDATE_SIGNATURE when the text is no statement */
export function parseStatement(text: string): Statement {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw noStatement(messageOf(error), error);
  }
  if (!isJsonObject(value)) throw noStatement('it is no mapping');
  const { type, name, version, arch, size, sha256 } = value;
  if (type !== 'greenlight-update/1')
    throw noStatement(`its type ${JSON.stringify(type)} is not known to this version`);
  if (typeof name !== 'string' || typeof arch !== 'string') throw noStatement('name or arch is missing');
  if (typeof version !== 'string' || !VERSION.test(version)) throw noStatement('version is no version');
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 1 || size > ARCHIVE_LIMIT)
    throw noStatement(`size must be 1 to ${ARCHIVE_LIMIT} bytes`);
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) throw noStatement('sha256 is no digest');
  return { type, name, version, arch, size, sha256 };
}

function noStatement(why: string, cause?: unknown): UpdateError {
  return new UpdateError(
    'UPDATE_SIGNATURE',
    `the signature file holds no statement: ${why}; make it with greenlight update sign`,
    { cause },
  );
}

/** Size and SHA-256 of a file, read in pieces. */
export async function digestOfFile(
  file: string,
): Promise<{ readonly size: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { size, sha256: hash.digest('hex') };
}
