import { ROLES } from '../devices/index.js';
import { carAggregatorDefinition } from './aggregator/definition.js';
import type { Catalog } from './config/catalog.js';

/** Everything that a configuration may name. */
export const CATALOG: Catalog = {
  roles: ROLES,
  builtins: new Map([[carAggregatorDefinition.name, carAggregatorDefinition]]),
};
