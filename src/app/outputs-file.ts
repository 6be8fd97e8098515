/** The outputs of the last run, as they are read. Loads next to nothing: after a crash every moment counts. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonObject, type LineAddress, type LineValue } from '../../hal/index.js';
import type { Config } from '../config/model.js';

/** An output and the value it has after every way out. */
export interface SafeOutput {
  readonly address: LineAddress;
  readonly safe: LineValue;
  readonly activeLow: boolean;
}

export interface SafeOutputs {
  /** As the configuration says it. */
  readonly driver: Config['hal']['driver'];
  readonly outputs: readonly SafeOutput[];
}

const LIMIT = 256 * 1024;

/** Where a running instance keeps them. */
export function outputsFile(stateFolder: string): string {
  return join(stateFolder, 'outputs.json');
}

/** Undefined: no instance has run on this folder, or what is there is no such file. */
export async function readOutputs(file: string): Promise<SafeOutputs | undefined> {
  let text: string;
  try {
    const handle = await open(file, 'r');
    try {
      if ((await handle.stat()).size > LIMIT) return undefined;
      text = await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
    const value: unknown = JSON.parse(text);
    if (!isJsonObject(value) || typeof value.driver !== 'string' || !Array.isArray(value.outputs))
      return undefined;
    if (!value.outputs.every(isOutput)) return undefined;
    return value as unknown as SafeOutputs;
  } catch {
    // the configuration says what is known then
    return undefined;
  }
}

function isOutput(value: unknown): boolean {
  if (!isJsonObject(value)) return false;
  const { address, safe, activeLow } = value;
  const known =
    typeof address === 'string' ||
    (isJsonObject(address) && typeof address.chip === 'string' && Number.isInteger(address.offset));
  return known && (safe === 'active' || safe === 'inactive') && typeof activeLow === 'boolean';
}
