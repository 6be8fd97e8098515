import type { Clock } from '../../../hal/index.js';
import { GroupCa } from './ca.js';
import { ThingRegistry } from './registry.js';

export interface Identity {
  readonly ca: GroupCa;
  readonly registry: ThingRegistry;
}

/** Opens, or makes, the group's CA and its registry of things. @throws {IdentityError} */
export async function openIdentity(
  folders: { readonly ca: string; readonly things: string },
  options: { readonly groupName: string; readonly clock: Clock },
): Promise<Identity> {
  const ca = await GroupCa.open(folders.ca, options);
  return { ca, registry: await ThingRegistry.open(folders.things, { ca, clock: options.clock }) };
}
