/** The outputs of the running group, on disk for whoever has to make them safe after a crash. */
import { isDeepStrictEqual } from 'node:util';
import { ROLES } from '../../devices/index.js';
import type { DeployedPart } from '../core/deployments/index.js';
import { writeDurably } from '../update/files.js';
import type { GroupLists } from './group.js';
import { readOutputs, type SafeOutput, type SafeOutputs } from './outputs-file.js';

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
