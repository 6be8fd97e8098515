import type { Clock } from '../../hal/index.js';
import { UpdateError } from './errors.js';
import type { UnitLook, Units } from './units.js';

/** Time in ms between two looks. */
const LOOK_MS = 2_000;
/** Looks in a row that must find an instance unwell: one may meet it busy. */
const PATIENCE = 3;

export interface HealthDeps {
  readonly units: Units;
  readonly clock: Clock;
  /** Why the instance of a unit is not well, as it says itself. Undefined: it is well. */
  readonly cause: (unit: string) => Promise<string | undefined>;
}

/**
 * Looks at units for a time; returns when all of it went well.
 * @param ms 0 or more
 * @throws {UpdateError} UPDATE_HEALTH as soon as a unit ended, was started again, or is unwell at three looks in a row
 */
export async function watchHealth(
  { units, clock, cause }: HealthDeps,
  watched: readonly string[],
  { ms, signal }: { readonly ms: number; readonly signal: AbortSignal },
): Promise<void> {
  const began = clock.monotonicNs();
  const first = new Map<string, UnitLook>();
  for (const unit of watched) first.set(unit, await units.look(unit));
  const unwell = new Map<string, number>();
  for (;;) {
    for (const [unit, { restarts }] of first) {
      const now = await units.look(unit);
      if (!now.running) throw sick(unit, `is ${now.text}`);
      if (now.restarts > restarts) throw sick(unit, 'ended and was started again');
      const why = await cause(unit);
      const times = why === undefined ? 0 : (unwell.get(unit) ?? 0) + 1;
      unwell.set(unit, times);
      if (times >= PATIENCE) throw sick(unit, `is not well: ${why}`);
    }
    const left = ms - Number((clock.monotonicNs() - began) / 1_000_000n);
    if (left <= 0) return;
    await clock.sleep(Math.min(LOOK_MS, left), signal);
  }
}

function sick(unit: string, what: string): UpdateError {
  return new UpdateError('UPDATE_HEALTH', `${unit} ${what}; journalctl -u ${unit} tells more`);
}
