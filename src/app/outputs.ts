/** The outputs of the running group, on disk for whoever has to make them safe after a crash. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ROLES } from '../../devices/index.js';
import { isJsonObject, type LineAddress, type LineValue } from '../../hal/index.js';
import type { Config } from '../config/model.js';
import type { DeployedPart } from '../core/deployments/index.js';
import { writeDurably } from '../update/files.js';
import type { GroupLists } from './group.js';

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

export function outputsOf(things: GroupLists['things']): readonly SafeOutput[] {
  return claimsOf(things)
    .filter(({ direction }) => direction === 'output')
    .map(({ address, safe = 'inactive', activeLow = false }) => ({ address, safe, activeLow }));
}

/** Writes only what changed. */
export async function writeOutputs(file: string, next: SafeOutputs): Promise<void> {
  if (isDeepStrictEqual(await readOutputs(file), next)) return;
  await writeDurably(file, `${JSON.stringify(next)}\n`, 0o640);
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

/**
 * Follow a deployed group around the things that take its lines: while they change hands, the outputs of both groups
 * are kept, but those that the next one reads.
 */
export function outputParts(
  file: string,
  driver: SafeOutputs['driver'],
  started: GroupLists,
): { readonly before: DeployedPart<GroupLists>; readonly after: DeployedPart<GroupLists> } {
  let current = outputsOf(started.things);
  return {
    before: {
      name: 'safe state',
      apply: async ({ things }) => {
        const claimed = claimsOf(things).map(({ address }) => address);
        const leaving = current.filter(
          ({ address }) => !claimed.some((other) => isDeepStrictEqual(other, address)),
        );
        await writeOutputs(file, { driver, outputs: [...leaving, ...outputsOf(things)] });
      },
    },
    after: {
      name: 'safe state',
      apply: async ({ things }) => {
        current = outputsOf(things);
        await writeOutputs(file, { driver, outputs: current });
      },
    },
  };
}

function claimsOf(things: GroupLists['things']) {
  return things.flatMap(({ role, options }) =>
    role === undefined ? [] : (ROLES.get(role)?.lines(options as never) ?? []),
  );
}

function isOutput(value: unknown): boolean {
  if (!isJsonObject(value)) return false;
  const { address, safe, activeLow } = value;
  const known =
    typeof address === 'string' ||
    (isJsonObject(address) && typeof address.chip === 'string' && Number.isInteger(address.offset));
  return known && (safe === 'active' || safe === 'inactive') && typeof activeLow === 'boolean';
}
