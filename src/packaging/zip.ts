/** Doorway of `fflate`: writes ZIP archives. */
import { type Zippable, zipSync } from 'fflate';

export interface ZipEntry {
  /** With `/` between folders. */
  readonly path: string;
  readonly content: Buffer;
}

/** The least that ZIP can say, so that the same content makes the same archive. */
const MTIME = new Date(1980, 0, 1);
/** Made on Unix, so that the attributes count: a regular file, 0644. */
const UNIX = { os: 3, attrs: (0o100644 << 16) >>> 0 };

/** Less than 4 GiB and 65,535 entries. */
export function zip(entries: readonly ZipEntry[]): Buffer {
  const files: Zippable = {};
  for (const { path, content } of entries) files[path] = [content, { ...UNIX, mtime: MTIME }];
  return Buffer.from(zipSync(files));
}
