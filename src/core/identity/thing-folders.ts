/** The folder `things/`: one folder per thing, each change one atomic file or folder. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../../hal/index.js';
import { type IssuedCertificate, matchedPair } from './certificate.js';
import { IdentityError } from './errors.js';
import {
  createFolder,
  type FileContent,
  makeFolder,
  PRIVATE_FILE,
  PUBLIC_FILE,
  readText,
  writeAtomic,
} from './files.js';
import { thingNameProblem } from './names.js';
import { formatRecord, parseRecord, type ThingRecord } from './record.js';

const RECORD_FILE = 'record.json';
const CA_FILE = 'root.ca.pem';

export class ThingFolders {
  constructor(private readonly path: string) {}

  make(): Promise<void> {
    return makeFolder(this.path);
  }

  async names(): Promise<readonly string[]> {
    try {
      const entries = await readdir(this.path, { withFileTypes: true });
      return entries
        .filter((entry) => entry.isDirectory() && thingNameProblem(entry.name) === undefined)
        .map((entry) => entry.name);
    } catch (error) {
      throw new IdentityError('IDENTITY_IO', `${this.path}: ${messageOf(error)}`, { cause: error });
    }
  }

  /** @returns undefined when the thing has no record. @throws {IdentityError} IDENTITY_DAMAGED, IDENTITY_IO */
  async read(name: string): Promise<ThingRecord | undefined> {
    const path = join(this.path, name, RECORD_FILE);
    const text = await readText(path);
    return text === undefined ? undefined : parseRecord(text, path, name);
  }

  /** @returns false when the thing has a folder already: nothing was changed then */
  create(record: ThingRecord, files: readonly FileContent[]): Promise<boolean> {
    const recordFile = { name: RECORD_FILE, content: formatRecord(record), mode: PRIVATE_FILE };
    return createFolder(join(this.path, record.name), [...files, recordFile]);
  }

  /** The record goes last: files that it does not know count for nothing and are issued anew at the next start. */
  async save(record: ThingRecord, files: readonly FileContent[] = []): Promise<void> {
    const folder = join(this.path, record.name);
    for (const file of files) await writeAtomic(join(folder, file.name), file.content, file.mode);
    await writeAtomic(join(folder, RECORD_FILE), formatRecord(record), PRIVATE_FILE);
  }

  /** The certificate and key that are kept here; undefined unless both are and the record knows them. */
  async pair(record: ThingRecord): Promise<IssuedCertificate | undefined> {
    const { name, fingerprints } = record;
    const [certificate, privateKey] = await Promise.all([
      readText(join(this.path, name, certificateFile(name))),
      readText(join(this.path, name, keyFile(name))),
    ]);
    if (certificate === undefined || privateKey === undefined) return undefined;
    const pair = matchedPair(certificate, privateKey);
    return pair !== undefined && fingerprints.includes(pair.fingerprint) ? pair : undefined;
  }
}

/** The files of a certificate; without its key for a thing that keeps it elsewhere. */
export function certificateFiles(
  name: string,
  issued: IssuedCertificate,
  withKey: boolean,
): readonly FileContent[] {
  const certificate = { name: certificateFile(name), content: issued.certificate, mode: PUBLIC_FILE };
  const key = { name: keyFile(name), content: issued.privateKey, mode: PRIVATE_FILE };
  return withKey ? [certificate, key] : [certificate];
}

/** Writes what a device needs: certificate, key and the CA that it is to trust. */
export async function handOut(
  out: string,
  device: { readonly name: string; readonly issued: IssuedCertificate; readonly ca: string },
): Promise<void> {
  await makeFolder(out);
  const ca = { name: CA_FILE, content: device.ca, mode: PUBLIC_FILE };
  for (const file of [...certificateFiles(device.name, device.issued, true), ca]) {
    await writeAtomic(join(out, file.name), file.content, file.mode);
  }
}

function certificateFile(name: string): string {
  return `${name}.cert.pem`;
}

function keyFile(name: string): string {
  return `${name}.private.key`;
}
