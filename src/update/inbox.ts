import { constants } from 'node:fs';
import { copyFile, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonObject, messageOf } from '../../hal/index.js';
import { UpdateError } from './errors.js';
import { writeDurably } from './files.js';
import { SIGNATURE_LIMIT } from './keys.js';
import { ARCHIVE_LIMIT } from './statement.js';

const ID = /^[0-9a-zA-Z-]{1,64}$/;
const REQUEST_LIMIT = 16 * 1024;
/** Bytes that are copied at a time. */
const PIECE = 1024 * 1024;

export interface UpdateRequest {
  readonly id: string;
  readonly by: string;
  /** Name of the archive, for people. */
  readonly file: string;
  /** Only root's counts. */
  readonly allowDowngrade?: boolean;
  /** Instead of an archive: the previous release once more. Only root's counts. */
  readonly back?: boolean;
}

/**
 * A folder through which requests reach the updater: `ID.tgz`, `ID.tgz.sig` and, last, `ID.json`. Flat, so that the
 * updater, which is root, never goes through a folder that somebody else could exchange for a link.
 */
export class Inbox {
  /** @param options.mode of the folder */
  constructor(
    readonly folder: string,
    private readonly mode = 0o700,
  ) {}

  /** Makes the folder, and removes archives that were begun and never handed over. */
  async open(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: this.mode });
    for (const name of await readdir(this.folder))
      if (!name.endsWith('.json') && !(await this.#has(`${name.split('.')[0]}.json`)))
        await rm(join(this.folder, name), { force: true });
  }

  /** Hands files over: copies them, then tells of them. */
  async drop(
    request: UpdateRequest,
    files?: { readonly archive: string; readonly signature: string },
  ): Promise<void> {
    await this.open();
    await this.#roomFor(request.id, async () => {
      if (files !== undefined) {
        await copyFile(files.archive, this.#path(request.id, '.tgz'));
        await copyFile(files.signature, this.#path(request.id, '.tgz.sig'));
      }
      await this.#tell(request);
    });
  }

  /**
   * Takes a piece of an archive that comes in pieces, in order.
   * @throws {UpdateError} UPDATE_PACKAGE for a piece out of order or beyond what an archive may have
   */
  async append(id: string, piece: { readonly offset: number; readonly bytes: Uint8Array }): Promise<void> {
    const { offset, bytes } = piece;
    if (offset === 0) await this.open();
    if (offset + bytes.length > ARCHIVE_LIMIT)
      throw new UpdateError('UPDATE_PACKAGE', `an archive may have ${ARCHIVE_LIMIT} bytes`);
    const path = this.#path(id, '.tgz');
    const handle = await open(path, offset === 0 ? 'wx' : 'r+', 0o640).catch((error: unknown) => {
      throw new UpdateError(
        'UPDATE_PACKAGE',
        `a piece of the archive does not fit: ${messageOf(error)}; send it again`,
        {
          cause: error,
        },
      );
    });
    try {
      const { size } = await handle.stat();
      if (size !== offset)
        throw new UpdateError(
          'UPDATE_PACKAGE',
          `piece at ${offset} of the archive, where ${size} comes next`,
        );
      await this.#roomFor(id, () => handle.write(bytes, 0, bytes.length, offset));
    } finally {
      await handle.close();
    }
  }

  /** The archive has come whole. */
  async complete(request: UpdateRequest, signature: string): Promise<void> {
    await writeDurably(this.#path(request.id, '.tgz.sig'), signature, 0o640);
    await this.#tell(request);
  }

  /** Whether an archive of this id has begun to come. */
  async has(id: string): Promise<boolean> {
    return ID.test(id) && this.#has(`${id}.tgz`);
  }

  /** When a request was handed over, in ms since the epoch. Undefined: it does not wait. */
  async since(id: string): Promise<number | undefined> {
    try {
      return (await stat(this.#path(id, '.json'))).mtimeMs;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Ids of requests that wait, in the order of their names. */
  async waiting(): Promise<readonly string[]> {
    let names: readonly string[];
    try {
      names = await readdir(this.folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
    return names
      .filter((name) => name.endsWith('.json'))
      .map((name) => name.slice(0, -'.json'.length))
      .sort();
  }

  /** @throws {UpdateError} UPDATE_PACKAGE for what is no request */
  async request(id: string): Promise<UpdateRequest> {
    const text = (await this.#read(id, '.json', REQUEST_LIMIT)).toString('utf8');
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw new UpdateError('UPDATE_PACKAGE', `the request is not JSON: ${messageOf(error)}`, {
        cause: error,
      });
    }
    if (!isJsonObject(value)) throw new UpdateError('UPDATE_PACKAGE', 'the request is no mapping');
    const { by, file, allowDowngrade, back } = value;
    return {
      id,
      by: String(by ?? 'unknown').slice(0, 128),
      file: String(file ?? 'unknown').slice(0, 256),
      allowDowngrade: allowDowngrade === true,
      back: back === true,
    };
  }

  /** @throws {UpdateError} UPDATE_SIGNATURE when there is none */
  async signature(id: string): Promise<string> {
    return (await this.#read(id, '.tgz.sig', SIGNATURE_LIMIT)).toString('utf8');
  }

  /** Copies the archive to where only root writes. @throws {UpdateError} UPDATE_PACKAGE beyond what it may have */
  async take(id: string, target: string): Promise<void> {
    const source = await this.#open(id, '.tgz');
    try {
      const { size } = await source.stat();
      if (size > ARCHIVE_LIMIT)
        throw new UpdateError('UPDATE_PACKAGE', `the archive has ${size} bytes, of ${ARCHIVE_LIMIT} at most`);
      const copy = await open(target, 'w', 0o600);
      try {
        const piece = Buffer.alloc(PIECE);
        // no more than it had at first, however it grows
        for (let at = 0; at < size; ) {
          const { bytesRead } = await source.read(piece, 0, Math.min(PIECE, size - at), at);
          if (bytesRead === 0) break;
          await copy.writeFile(piece.subarray(0, bytesRead));
          at += bytesRead;
        }
      } finally {
        await copy.close();
      }
    } finally {
      await source.close();
    }
  }

  async size(id: string): Promise<number> {
    const handle = await this.#open(id, '.tgz');
    try {
      return (await handle.stat()).size;
    } finally {
      await handle.close();
    }
  }

  /** It is dealt with, whatever it was. */
  async discard(id: string): Promise<void> {
    // whatever the name is, it came from a listing of this folder
    for (const ending of ['.tgz', '.tgz.sig', '.tgz.sig.new', '.json.new', '.json'])
      await rm(join(this.folder, `${id}${ending}`), { force: true });
  }

  /** @throws {UpdateError} UPDATE_SPACE, with nothing of the request left, when the disk is full */
  async #roomFor(id: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      await this.discard(id);
      throw new UpdateError('UPDATE_SPACE', `the disk of ${this.folder} is full: sudo apt clean`, {
        cause: error,
      });
    }
  }

  async #tell(request: UpdateRequest): Promise<void> {
    await writeDurably(this.#path(request.id, '.json'), `${JSON.stringify(request)}\n`, 0o640);
  }

  async #has(name: string): Promise<boolean> {
    return stat(join(this.folder, name)).then(
      () => true,
      () => false,
    );
  }

  async #read(id: string, ending: string, limit: number): Promise<Buffer> {
    const handle = await this.#open(id, ending);
    try {
      const { size } = await handle.stat();
      if (size > limit)
        throw new UpdateError('UPDATE_SIGNATURE', `${id}${ending} has ${size} bytes, of ${limit} at most`);
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  }

  /** A file, and neither a link nor something that blocks. */
  async #open(id: string, ending: string) {
    const code = ending === '.tgz' ? 'UPDATE_PACKAGE' : 'UPDATE_SIGNATURE';
    const path = this.#path(id, ending);
    try {
      const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      if ((await handle.stat()).isFile()) return handle;
      await handle.close();
    } catch (error) {
      throw new UpdateError(code, `${path} cannot be read: ${messageOf(error)}`, { cause: error });
    }
    throw new UpdateError(code, `${path} is no file`);
  }

  #path(id: string, ending: string): string {
    if (!ID.test(id))
      throw new UpdateError('UPDATE_PACKAGE', `${JSON.stringify(id.slice(0, 80))} is no id of a request`);
    return join(this.folder, `${id}${ending}`);
  }
}
