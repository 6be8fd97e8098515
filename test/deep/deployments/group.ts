/** Groups with a mark in every entry, and the deployments of a folder. */
import { SILENT, SystemClock } from '../../../hal/index.js';
import { DeploymentService, type GroupDocument } from '../../../src/core/deployments/index.js';
import type { Store } from '../../../src/store/contract.js';
import { LevelStore } from '../../../src/store/level.js';

const SIZE = 200;

export function group(mark: number): GroupDocument {
  const names = Array.from({ length: SIZE }, (_, i) => ({ name: `F${i}`, mark }));
  return {
    things: names,
    functions: names,
    subscriptions: names.map(({ name }) => ({ source: name, mark })),
  };
}

/** The mark of a group that is whole. @throws when it is none that was deployed */
export function markOf(document: GroupDocument): number {
  const marks = new Set(
    [...document.things, ...document.functions, ...document.subscriptions].map(
      (entry) => (entry as { mark?: number }).mark,
    ),
  );
  if (marks.size !== 1 || document.functions.length !== SIZE) throw new Error('a group that nobody deployed');
  return [...marks][0] ?? -1;
}

/** @param seen is called before and after each write of the deployments */
export async function open(folder: string, seen: () => void = () => {}) {
  const store = await LevelStore.open(folder);
  const section = store.section('deployments');
  const watched: Store = {
    get: (key) => section.get(key),
    entries: (range) => section.entries(range),
    section: (name) => section.section(name),
    async write(operations) {
      seen();
      await section.write(operations);
      seen();
    },
  };
  const service = new DeploymentService<GroupDocument>({
    store: watched,
    clock: new SystemClock(),
    log: SILENT,
    clear: async () => {},
  });
  return { store, service, initial: await service.open(group(0)) };
}
