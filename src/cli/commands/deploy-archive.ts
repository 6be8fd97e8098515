import { randomUUID } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { messageOf } from '../../../hal/index.js';
import type { ControlClient } from '../../control/client.js';
import { ControlError } from '../../control/errors.js';

/** Bytes of an archive that one request carries. */
const PIECE = 1024 * 1024;

/** Sends an archive to the instance, whose user need not be able to read it. @returns what a deployment refers to it by */
export async function sendArchive(
  client: ControlClient,
  file: string,
): Promise<{ readonly id: string; readonly signature: string }> {
  const id = randomUUID();
  const signature = await readFile(`${file}.sig`, 'utf8').catch((error: unknown) => {
    throw unreadable(`${file}.sig`, error, '; make it with greenlight update sign');
  });
  const handle = await open(file).catch((error: unknown) => {
    throw unreadable(file, error, '');
  });
  try {
    const piece = Buffer.alloc(PIECE);
    for (let offset = 0; ; ) {
      const { bytesRead } = await handle.read(piece, 0, PIECE, offset);
      if (bytesRead === 0) return { id, signature };
      const data = piece.toString('base64', 0, bytesRead);
      await client.call('POST', `/deployments/application/${id}`, { offset, data });
      offset += bytesRead;
    }
  } finally {
    await handle.close();
  }
}

function unreadable(file: string, error: unknown, hint: string): ControlError {
  return new ControlError('CONTROL_REFUSED', `${file} cannot be read: ${messageOf(error)}${hint}`, {
    cause: error,
  });
}
