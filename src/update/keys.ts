/** Ed25519 keys of updates (RFC 8032), as PEM files: PKCS #8 the private, SubjectPublicKeyInfo the public one. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { open, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isJsonObject, messageOf } from '../../hal/index.js';
import { UpdateError } from './errors.js';
import { parseStatement, type Statement } from './statement.js';

/** Bytes of a signature file at most. */
export const SIGNATURE_LIMIT = 8 * 1024;

/**
 * Writes `NAME.key` (0600) and `NAME.pub`; overwrites neither.
 * @throws {UpdateError} UPDATE_KEY when one is there already or cannot be written
 */
export async function makeKeys(
  name: string,
): Promise<{ readonly privateKey: string; readonly publicKey: string }> {
  const pair = generateKeyPairSync('ed25519');
  const files = { privateKey: `${name}.key`, publicKey: `${name}.pub` };
  try {
    const secret = pair.privateKey.export({ type: 'pkcs8', format: 'pem' });
    await writeFile(files.privateKey, secret, { flag: 'wx', mode: 0o600 });
    const open = pair.publicKey.export({ type: 'spki', format: 'pem' });
    await writeFile(files.publicKey, open, { flag: 'wx', mode: 0o644 });
  } catch (error) {
    throw new UpdateError('UPDATE_KEY', `the keys cannot be written: ${messageOf(error)}`, { cause: error });
  }
  return files;
}

/** @throws {UpdateError} UPDATE_KEY */
export async function readPrivateKey(file: string): Promise<KeyObject> {
  try {
    const key = createPrivateKey(await readFile(file));
    if (key.asymmetricKeyType !== 'ed25519') throw new Error(`it is a key for ${key.asymmetricKeyType}`);
    return key;
  } catch (error) {
    throw new UpdateError(
      'UPDATE_KEY',
      `${file} is no private key for updates: ${messageOf(error)}; make one with greenlight update keygen`,
      { cause: error },
    );
  }
}

/**
 * @param owner who alone may be able to change the file and its folder: a user id
 * @throws {UpdateError} UPDATE_KEY
 */
export async function readPublicKey(file: string, owner: number): Promise<KeyObject> {
  for (const path of [dirname(file), file]) {
    const found = await stat(path).catch((error: unknown) => {
      throw new UpdateError(
        'UPDATE_KEY',
        `there is no public key at ${file}: ${messageOf(error)}; put the .pub of greenlight update keygen there, or name another place with update.publicKey`,
        { cause: error },
      );
    });
    if (found.uid !== owner || (found.mode & 0o022) !== 0)
      throw new UpdateError(
        'UPDATE_KEY',
        `others than ${owner === 0 ? 'root' : `user ${owner}`} may change ${path}: chown ${owner} and chmod go-w it`,
      );
  }
  try {
    const key = createPublicKey(await readBounded(file));
    if (key.asymmetricKeyType !== 'ed25519') throw new Error(`it is a key for ${key.asymmetricKeyType}`);
    return key;
  } catch (error) {
    throw new UpdateError('UPDATE_KEY', `${file} is no public key for updates: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** The text of a signature file: the statement as it was signed, and its signature. */
export function signStatement(statement: Statement, key: KeyObject): string {
  const text = JSON.stringify(statement);
  const signature = sign(null, Buffer.from(text), key).toString('base64');
  return `${JSON.stringify({ statement: text, signature }, null, 2)}\n`;
}

/**
 * @param text of a signature file
 * @throws {UpdateError} UPDATE_SIGNATURE when the key did not sign the statement
 */
export function verifiedStatement(text: string, key: KeyObject): Statement {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UpdateError('UPDATE_SIGNATURE', `the signature file is not JSON: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (!isJsonObject(value) || typeof value.statement !== 'string' || typeof value.signature !== 'string')
    throw new UpdateError('UPDATE_SIGNATURE', 'the signature file has no statement or no signature');
  // nothing of it is looked at before the signature fits
  if (!verify(null, Buffer.from(value.statement), key, Buffer.from(value.signature, 'base64')))
    throw new UpdateError(
      'UPDATE_SIGNATURE',
      'the signature is not of the configured key: sign the archive with the key whose public half is installed',
    );
  return parseStatement(value.statement);
}

async function readBounded(file: string): Promise<Buffer> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    if (size > SIGNATURE_LIMIT) throw new Error(`it has ${size} bytes`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}
