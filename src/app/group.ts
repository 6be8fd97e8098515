import { ROLES } from '../../devices/index.js';
import { type CarAggregatorOptions, subjectsOfCars } from '../aggregator/car-aggregator.js';
import type { Config } from '../config/model.js';
import {
  builtinRows,
  type GroupDefinition,
  impliedRows,
  type SubscriptionRow,
  TELEMETRY,
  type Traffic,
} from '../core/group/index.js';

/** The part of a configuration that a deployment may change. Plain JSON. */
export type GroupLists = Pick<Config, 'things' | 'functions' | 'subscriptions'>;

export function groupLists({ things, functions, subscriptions }: Config): GroupLists {
  return { things, functions, subscriptions };
}

/** Members and rows that the lists come to: those written, and those that roles and builtin functions imply. */
export function groupDefinition(group: GroupLists, core: string | undefined): GroupDefinition {
  const rows: SubscriptionRow[] = group.subscriptions.map((row) => ({
    ...row,
    origin: 'configured' as const,
  }));
  for (const { name, role, options } of group.things) {
    const definition = role === undefined ? undefined : ROLES.get(role);
    if (definition === undefined) continue;
    const traffic: Traffic = definition.traffic(name, options);
    rows.push(...impliedRows(name, traffic));
    if (definition.telemetry) rows.push(...telemetryRows(name, traffic));
  }
  for (const { name, builtin, options } of group.functions) {
    if (builtin === undefined) continue;
    rows.push(...builtinRows(name, subjectsOfCars(options as unknown as CarAggregatorOptions)));
  }
  return {
    ...(core !== undefined && { core }),
    things: group.things.map(({ name, role }) => ({ name, ...(role !== undefined && { role }) })),
    functions: group.functions.map(({ name }) => ({ name })),
    rows,
  };
}

function telemetryRows(source: string, { publishes = [] }: Traffic): readonly SubscriptionRow[] {
  return publishes.map(({ subject }) => ({
    source,
    subject,
    target: TELEMETRY,
    origin: 'role',
    because: `what ${source} measures is kept on this machine`,
  }));
}
