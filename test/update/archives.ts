/** Archives byte by byte, so that they can hold what no tool would write. */
import { gzipSync } from 'node:zlib';

export interface Entry {
  readonly path: string;
  readonly content?: string;
  /** POSIX 1003.1-1988 type flag: 0 file, 1 hard link, 2 symbolic link, 3 character device, 5 folder, 6 FIFO. */
  readonly type?: '0' | '1' | '2' | '3' | '5' | '6';
  readonly link?: string;
  readonly mode?: number;
  /** Instead of the content's length. */
  readonly size?: number;
}

/** A gzipped ustar archive. */
export function tgz(entries: readonly Entry[]): Buffer {
  const blocks = entries.flatMap((entry) => {
    const content = Buffer.from(entry.content ?? '');
    const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
    return [header(entry, content.length), content, padding];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

function header({ path, type = '0', link = '', mode = 0o644, size }: Entry, length: number): Buffer {
  const block = Buffer.alloc(512);
  block.write(path, 0, 100);
  block.write(`${mode.toString(8).padStart(7, '0')}\0`, 100);
  block.write('0000000\0'.repeat(2), 108);
  block.write(`${(size ?? length).toString(8).padStart(11, '0')}\0`, 124);
  block.write('00000000000\0', 136);
  block.write(' '.repeat(8), 148);
  block.write(type, 156);
  block.write(link, 157, 100);
  block.write('ustar\x0000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

export interface Package {
  readonly version: string;
  readonly name?: string;
  readonly arch?: string;
  readonly node?: string;
  /** What its main file does with a command line. Default: tells its version, accepts every configuration. */
  readonly main?: string;
  readonly more?: readonly Entry[];
  readonly bundled?: boolean;
}

export const ARCH = 'amd64';

/** The entries of a package of this application, in so far as an update looks at it. */
export function packageEntries(options: Package): readonly Entry[] {
  const { version, name = 'greenlight', arch = ARCH, node = '>=20.19', more = [], bundled = true } = options;
  const main =
    options.main ??
    `if (process.argv[2] === '--version') console.log(${JSON.stringify(version)});
     else if (process.argv[2] !== 'check') process.exit(2);`;
  return [
    { path: 'package/', type: '5', mode: 0o755 },
    ...(bundled ? [{ path: 'package/.bundled', content: JSON.stringify({ name, version, arch }) }] : []),
    {
      path: 'package/package.json',
      content: JSON.stringify({ name, version, type: 'module', engines: { node } }),
    },
    { path: 'package/dist/src/main.js', content: main, mode: 0o755 },
    ...more,
  ];
}
