/**
 * The mock: a board of software for laptops, tests and the live page. {@link MockBoard} is the bench (drive, press,
 * wire, look, break); {@link MockDriver} is the GPIO driver that programs get.
 */
import type { DriverDeps } from '../../registry.js';
import { MockBoard } from './board.js';
import { MockDriver } from './driver.js';

export {
  type BoardEdge,
  type BoardLine,
  type HeaderPin,
  MockBoard,
  type MockBoardSettings,
  type Wire,
} from './board.js';
export { MockDriver } from './driver.js';
export type { FaultPoint, FaultSettings } from './faults.js';
export { type Cause, type HistoryEntry, type Level, overlaps } from './history.js';
export type { Pulse, PulseSource } from './pulses.js';
export { MockSwitch, type SwitchSettings } from './switch.js';

/** The mock on the board given, or on a new one. */
export function createDriver(deps: DriverDeps): MockDriver {
  return new MockDriver(
    deps.mock ?? new MockBoard({ clock: deps.clock, ...(deps.wires && { wires: deps.wires }) }),
    deps.log,
  );
}
