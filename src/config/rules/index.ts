/** Rules that no schema can say. Each looks at the whole draft and says everything that it finds. */
import type { Rule } from '../draft.js';
import { uniqueLines, wireEnds } from './lines.js';
import { knownLogParts, uniqueNames } from './names.js';
import { distinctPorts, keyWithCertificate, metricsOnLoopback, onePlace, reachableCore } from './places.js';
import { soundSubscriptions } from './subscriptions.js';
import { knownNeighbours, ownRules } from './traffic.js';

export const RULES: readonly Rule[] = [
  uniqueNames,
  uniqueLines,
  wireEnds,
  ownRules,
  knownNeighbours,
  soundSubscriptions,
  reachableCore,
  onePlace,
  distinctPorts,
  metricsOnLoopback,
  knownLogParts,
  keyWithCertificate,
];
