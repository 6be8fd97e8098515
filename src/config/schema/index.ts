/**
 * What a configuration file may hold, said once: from here come checking, defaults, the overrides from the
 * environment, the published JSON Schema and the reference in docs/configuration.md.
 */
import type { Catalog } from '../catalog.js';
import { functionsSchema, subscriptionsSchema, thingsSchema } from './lists.js';
import { SETTINGS } from './settings.js';
import type { Schema } from './terms.js';

export type { Schema } from './terms.js';

/** JSON Schema (draft-07) of a configuration file. */
export function configSchema(catalog: Catalog): Schema {
  const { group, stateDir, log, hal, core, connect, cloud, dashboard, metrics, update, application } =
    SETTINGS as Record<string, Schema>;
  return {
    title: 'Greenlight configuration',
    description: 'A group of things, the core that carries them, and what leaves the site.',
    type: 'object',
    properties: {
      version: { const: 1, description: 'Version of this format: 1.' },
      group: group!,
      stateDir: stateDir!,
      log: log!,
      hal: hal!,
      core: core!,
      connect: connect!,
      things: thingsSchema(catalog),
      functions: functionsSchema(catalog),
      subscriptions: subscriptionsSchema(catalog),
      cloud: cloud!,
      dashboard: dashboard!,
      metrics: metrics!,
      update: update!,
      application: application!,
    },
    required: ['version'],
    additionalProperties: false,
  };
}
