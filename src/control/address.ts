import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** sun_path holds 108 bytes with the closing zero (unix(7)). */
const PATH_LIMIT = 107;

/** Where the instance on this state folder listens: inside it, or, where that path is too long, in the temporary folder. */
export function controlSocket(stateDir: string): string {
  const inside = join(resolve(stateDir), 'control.sock');
  if (Buffer.byteLength(inside) <= PATH_LIMIT) return inside;
  const name = createHash('sha256').update(resolve(stateDir)).digest('hex').slice(0, 20);
  return join(tmpdir(), `greenlight-${process.getuid?.() ?? 0}-${name}.sock`);
}
