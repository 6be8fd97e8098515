/**
 * What every GPIO driver must do, as a table that needs no test runner: vitest runs it through `gpio-driver.ts`, a plain
 * script can run it on a machine that has only Node. Levels are electrical, values logical.
 */
import type { GpioCase } from './gpio/bench.js';
import { EDGES } from './gpio/edges.js';
import { ENDS, EXTRAS } from './gpio/ends.js';
import { ADDRESSES, INPUTS, OUTPUTS } from './gpio/lines.js';

export { type GpioCase, type GpioRig, type Level, type Need, unmet } from './gpio/bench.js';

export const GPIO_CASES: readonly GpioCase[] = [
  ...ADDRESSES,
  ...OUTPUTS,
  ...INPUTS,
  ...EDGES,
  ...ENDS,
  ...EXTRAS,
];
