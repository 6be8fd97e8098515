import type { Clock, GpioDriver, Log } from '../../hal/index.js';
import { type DriverDeps, type OpenedDriver, openDriver } from '../../hal/registry.js';
import type { Config } from '../config/model.js';
import type { BoardView } from '../dashboard/index.js';
import type { ServiceStack } from '../lifecycle.js';
import type { PartStatus } from '../status.js';
import { boardOf } from './dashboard.js';
import type { GroupLists } from './group.js';
import { tracedLines } from './traced-lines.js';

export interface GpioDeps {
  readonly config: Pick<Config, 'hal' | 'dashboard'>;
  readonly clock: Clock;
  /** The part's own. */
  readonly log: Log;
  readonly env: NodeJS.ProcessEnv;
  readonly mock?: DriverDeps['mock'] | undefined;
  /** The driver is stopped with it. */
  readonly stack: ServiceStack;
  /** The group of this moment, for the picture of the board. */
  readonly group: () => GroupLists;
}

/** The machine's GPIO driver, opened when something first needs a line. */
export class Gpio {
  #opened: OpenedDriver | undefined;
  /** The driver as things use it. */
  #lines: GpioDriver | undefined;
  #board: BoardView | undefined;

  constructor(private readonly deps: GpioDeps) {}

  /** What the live page draws; undefined while no line is used, and where there is no page. */
  get board(): BoardView | undefined {
    return this.#board;
  }

  /** @throws {HalError} as the driver that was asked for says */
  async open(signal: AbortSignal): Promise<GpioDriver> {
    if (this.#lines) return this.#lines;
    const { config, clock, log, env, mock, stack, group } = this.deps;
    const { wires } = config.hal.mock ?? {};
    const deps: DriverDeps = { clock, log, env, ...(mock && { mock }), ...(wires && { wires }) };
    const opened = await openDriver(config.hal.driver, deps, { signal });
    const { driver, considered } = opened;
    this.#opened = opened;
    await stack.start({ name: 'gpio', start: async () => {}, stop: () => driver.stop() }, signal);
    log.info({ considered }, `driver ${driver.name}`);
    let lines = driver;
    if (config.dashboard) {
      const watched = boardOf(driver, () => group().things);
      this.#board = watched.view;
      lines = watched.driver;
    }
    this.#lines = tracedLines(lines, log);
    return this.#lines;
  }

  status(): readonly PartStatus[] {
    if (this.#opened === undefined) return [];
    const { driver, considered } = this.#opened;
    const passedOver = considered.filter(({ outcome }) => outcome !== 'chosen');
    const figures = Object.fromEntries(passedOver.map(({ name, reason }) => [`not ${name}`, reason]));
    return [{ name: driver.name, kind: 'gpio', state: 'ok', figures }];
  }
}

/** Whether anything of the group that runs here holds a line. */
export function usesGpio({ things, functions }: GroupLists): boolean {
  return (
    things.some(({ role }) => role !== undefined) ||
    functions.some(({ resources }) => (resources?.lines ?? []).length > 0)
  );
}
