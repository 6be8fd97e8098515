import type { Clock, Log } from '../../hal/index.js';
import type { Cloud } from '../cloud/index.js';
import type { Core } from '../core/core.js';
import { type ApplicationUpdates, type DeployedPart, DeploymentService } from '../core/deployments/index.js';
import type { FunctionDefinition } from '../core/functions/index.js';
import type { ShadowService } from '../core/shadow/index.js';
import type { Store } from '../store/contract.js';
import type { TelemetryRecorder } from '../telemetry/index.js';
import { cloudSubjects } from './cloud.js';
import { type GroupLists, groupDefinition } from './group.js';
import { telemetrySubjects } from './telemetry.js';
import type { ThingSet } from './thing-set.js';

export type Deployments = DeploymentService<GroupLists>;

/** Where the core keeps its shadows. */
const SHADOW_SECTION = 'shadows';
/** Shadows that one step of a reset deletes. */
const PAGE = 500;

export interface DeploymentDeps {
  /** The application's; history and shadows have sections of their own in it. */
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Absent: deployments bring no versions of the application. */
  readonly application?: ApplicationUpdates;
  /** Undefined while it does not run. */
  readonly shadows: () => ShadowService | undefined;
}

export function makeDeployments({ store, clock, log, shadows, application }: DeploymentDeps): Deployments {
  const clear = (): Promise<void> => {
    const running = shadows();
    // a reset that was cut short is finished at the next start, before anything holds a document
    return running ? deleteAll(running) : wipe(store.section(SHADOW_SECTION));
  };
  return new DeploymentService<GroupLists>({
    store: store.section('deployments'),
    clock,
    log,
    clear,
    ...(application && { application }),
  });
}

export interface DeployedServices {
  readonly core: Core;
  readonly coreName: string;
  readonly cloud: Cloud;
  readonly telemetry: TelemetryRecorder;
  readonly things: ThingSet;
  readonly functions: (group: GroupLists) => readonly FunctionDefinition[];
}

/** What follows a deployed group, in this order: who may speak to whom, rows with the cloud, what is kept, functions, things. */
export function deployedParts(services: DeployedServices): readonly DeployedPart<GroupLists>[] {
  const { core, coreName, cloud, telemetry, things, functions } = services;
  return [
    {
      name: 'subscriptions',
      apply: async (group) => {
        core.group.replace(groupDefinition(group, coreName));
        core.broker.recheck();
      },
    },
    { name: 'cloud', apply: async () => cloud.carry(cloudSubjects(core.group)) },
    { name: 'telemetry', apply: async () => telemetry.follow(telemetrySubjects(core.group)) },
    {
      name: 'functions',
      check: (group) => core.functions.check(functions(group)),
      apply: async (group) => void (await core.functions.replace(functions(group))),
    },
    { name: 'things', apply: (group) => things.replace(group.things) },
  ];
}

async function deleteAll(shadows: ShadowService): Promise<void> {
  for (;;) {
    const page = await shadows.shadows({ limit: PAGE });
    if (page.length === 0) return;
    for (const { thing, shadow } of page) await shadows.delete(thing, shadow, 'reset');
  }
}

async function wipe(section: Store): Promise<void> {
  for (;;) {
    const keys: string[] = [];
    for await (const [key] of section.entries({ limit: PAGE })) keys.push(key);
    if (keys.length === 0) return;
    await section.write(keys.map((key) => ({ type: 'del', key })));
  }
}
