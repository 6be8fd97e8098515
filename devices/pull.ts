/** A pull resistor and the polarity of the contact that works against it. */
import type { Bias } from '../hal/index.js';
import type { RuleProblem } from './safety.js';

/** A contact pulls against the resistor: with a pull-up, closed is low. The contradictory pairs never see a press. */
export function checkPull(bias: Bias, activeLow: boolean): readonly RuleProblem[] {
  if (bias === 'pull-up' && !activeLow) {
    return [
      {
        path: 'activeLow',
        message: 'with bias pull-up a closed contact is low: set activeLow: true, or bias: pull-down',
      },
    ];
  }
  if (bias === 'pull-down' && activeLow) {
    return [
      {
        path: 'activeLow',
        message: 'with bias pull-down a closed contact is high: set activeLow: false, or bias: pull-up',
      },
    ];
  }
  return [];
}
