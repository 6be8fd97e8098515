/** Doorway of `tar`: what may be in an archive, and unpacking it. */
import { extract, list, type ReadEntry } from 'tar';
import { isJsonObject, messageOf } from '../../hal/index.js';
import { UpdateError } from './errors.js';

/** Every path in an archive is below this folder. */
const FOLDER = 'package';
/** Bytes that the files of an archive may have together. */
const UNPACKED_LIMIT = 1024 ** 3;
const ENTRY_LIMIT = 100_000;
const PATH_LIMIT = 512;
/** Bytes of a file that is read into memory. */
const READ_LIMIT = 64 * 1024;

export interface ArchiveContent {
  /** Bytes of its files together. */
  readonly size: number;
  readonly files: number;
  /** From `.bundled`: which machine the packages are for. */
  readonly bundled: { readonly name: string; readonly version: string; readonly arch: string };
  /** From `package.json`: the oldest Node that it runs on. */
  readonly node: readonly [major: number, minor: number];
}

/**
 * Looks at every entry of a gzipped tar archive and writes nothing.
 * @throws {UpdateError} UPDATE_PACKAGE for an archive that is broken, is no bundle, or holds links, devices, absolute
 * paths, ways out of its folder, set-user-id files or more than fits
 */
export async function inspectArchive(file: string): Promise<ArchiveContent> {
  const seen = new Set<string>();
  const texts = new Map<string, Buffer[]>();
  let [size, files] = [0, 0];
  let problem: string | undefined;
  try {
    await list({
      file,
      strict: true,
      onReadEntry: (entry) => {
        problem ??= problemOf(entry, seen);
        seen.add(entry.path.replace(/\/$/, ''));
        size += entry.size;
        files += 1;
        if (size > UNPACKED_LIMIT) problem ??= `its files have more than ${UNPACKED_LIMIT} bytes`;
        if (files > ENTRY_LIMIT) problem ??= `it has more than ${ENTRY_LIMIT} entries`;
        if (KEPT.has(entry.path) && entry.size <= READ_LIMIT) {
          const chunks: Buffer[] = [];
          texts.set(entry.path, chunks);
          entry.on('data', (chunk: Buffer) => void chunks.push(chunk));
        }
      },
    });
  } catch (error) {
    throw noPackage(`the archive is broken: ${messageOf(error)}`, error);
  }
  if (problem !== undefined) throw noPackage(problem);
  const manifest = jsonOf(texts, `${FOLDER}/package.json`);
  if (manifest === undefined) throw noPackage(`it has no ${FOLDER}/package.json`);
  const bundled = jsonOf(texts, `${FOLDER}/.bundled`);
  if (bundled === undefined)
    throw noPackage('it brings no packages along; make it with npm run bundle, not with npm pack');
  const { name, version, arch } = bundled;
  if (typeof name !== 'string' || typeof version !== 'string' || typeof arch !== 'string')
    throw noPackage(`${FOLDER}/.bundled does not name name, version and arch`);
  if (manifest.name !== name || manifest.version !== version)
    throw noPackage(`${FOLDER}/.bundled and ${FOLDER}/package.json name different packages`);
  return { size, files, bundled: { name, version, arch }, node: oldestNode(manifest.engines) };
}

const KEPT: ReadonlySet<string> = new Set([`${FOLDER}/package.json`, `${FOLDER}/.bundled`]);

/**
 * Unpacks what {@link inspectArchive} found good.
 * @param folder empty; the archive's folder becomes this one
 * @throws {UpdateError} UPDATE_PACKAGE
 */
export async function unpackArchive(file: string, folder: string): Promise<void> {
  let problem: string | undefined;
  const seen = new Set<string>();
  try {
    await extract({
      file,
      cwd: folder,
      strip: 1,
      strict: true,
      preserveOwner: false,
      processUmask: 0o022,
      // the same again: the file might be another one by now
      filter: (_, found) => {
        const entry = found as ReadEntry;
        problem ??= problemOf(entry, seen);
        seen.add(entry.path.replace(/\/$/, ''));
        return problem === undefined;
      },
    });
  } catch (error) {
    throw noPackage(`the archive is broken: ${messageOf(error)}`, error);
  }
  if (problem !== undefined) throw noPackage(problem);
}

function problemOf(entry: ReadEntry, seen: ReadonlySet<string>): string | undefined {
  const path = entry.path.replace(/\/$/, '');
  const shown = JSON.stringify(path.slice(0, 80));
  if (entry.type !== 'File' && entry.type !== 'OldFile' && entry.type !== 'Directory')
    return `${shown} is a ${entry.type}; only files and folders may be in it`;
  if (path.length > PATH_LIMIT) return `${shown} is longer than ${PATH_LIMIT} characters`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: which must not be in a path
  if (/[\u0000-\u001f\u007f\\]/.test(path)) return `${shown} has characters that no path of a package has`;
  const steps = path.split('/');
  if (steps[0] !== FOLDER || steps.some((step) => step === '' || step === '.' || step === '..'))
    return `${shown} leads out of ${FOLDER}/`;
  if (seen.has(path) && entry.type !== 'Directory') return `${shown} is in it twice`;
  if (((entry.mode ?? 0) & 0o7000) !== 0) return `${shown} has set-user-id, set-group-id or sticky mode`;
  return undefined;
}

function jsonOf(texts: ReadonlyMap<string, readonly Buffer[]>, path: string) {
  const chunks = texts.get(path);
  if (chunks === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    if (isJsonObject(value)) return value;
  } catch (error) {
    throw noPackage(`${path} is not JSON: ${messageOf(error)}`, error);
  }
  throw noPackage(`${path} is no mapping`);
}

function oldestNode(engines: unknown): readonly [number, number] {
  const range = isJsonObject(engines) ? engines.node : undefined;
  const match = typeof range === 'string' ? /^>=(\d+)(?:\.(\d+))?/.exec(range) : null;
  return [Number(match?.[1] ?? 0), Number(match?.[2] ?? 0)];
}

function noPackage(why: string, cause?: unknown): UpdateError {
  return new UpdateError('UPDATE_PACKAGE', `this is no package that can be installed: ${why}`, { cause });
}
