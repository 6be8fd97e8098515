/** Drivers by name, loaded when chosen. `auto` tries them in order and remembers why each was passed over. */
import type { LineAddress } from './address.js';
import type { Clock } from './clock.js';
import type { DriverName, GpioDriver } from './contract.js';
import type { MockBoard } from './drivers/mock/board.js';
import { HalError, messageOf } from './errors.js';
import type { Log } from './log.js';

/** What a driver is made of. */
export interface DriverDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** The board for the mock driver; a new one when absent. */
  readonly mock?: MockBoard;
  /** Wires of a new mock board. */
  readonly wires?: readonly { readonly from: LineAddress; readonly to: LineAddress }[];
  /** Environment; `GREENLIGHT_HAL_DRIVER` decides what `auto` means. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** What each `hal/drivers/NAME/index.ts` exports. It imports its native package only in the driver's `start`. */
export interface DriverModule {
  createDriver(deps: DriverDeps): GpioDriver;
}

export interface Considered {
  readonly name: DriverName;
  /** `skipped`: cannot work here or was not asked for. `failed`: might have worked, but did not start. */
  readonly outcome: 'chosen' | 'skipped' | 'failed';
  readonly reason: string;
}

export interface OpenedDriver {
  /** Started; the caller stops it. */
  readonly driver: GpioDriver;
  /** Every driver that was thought of, in order. */
  readonly considered: readonly Considered[];
}

export interface OpenSettings {
  readonly signal?: AbortSignal;
  /** Loads a driver's module; for tests. */
  readonly load?: (name: DriverName) => Promise<DriverModule>;
}

/** The order of `auto`. The mock is never in it: a program that believes to switch lamps must not play by itself. */
const AUTO_ORDER: readonly DriverName[] = ['chardev', 'onoff', 'pigpio'];

const LOADERS: Readonly<Record<DriverName, () => Promise<DriverModule>>> = {
  chardev: () => import('./drivers/chardev/index.js'),
  onoff: () => import('./drivers/onoff/index.js'),
  pigpio: () => import('./drivers/pigpio/index.js'),
  mock: () => import('./drivers/mock/index.js'),
};

/**
 * Loads and starts a driver.
 * @throws {HalError} HAL_UNAVAILABLE when the driver asked for, or every driver of `auto`, cannot run here; the
 * message gives each reason. Rejects with the signal's reason when that is aborted first.
 */
export async function openDriver(
  choice: 'auto' | DriverName,
  deps: DriverDeps,
  settings: OpenSettings = {},
): Promise<OpenedDriver> {
  const signal = settings.signal ?? new AbortController().signal;
  const load = settings.load ?? ((name: DriverName) => LOADERS[name]());
  const wanted = fromEnvironment(choice, deps.env ?? {});
  const considered: Considered[] = [];
  for (const name of wanted.names) {
    signal.throwIfAborted();
    const attempt = await tryDriver(name, deps, load, signal);
    if ('driver' in attempt) {
      considered.push({ name, outcome: 'chosen', reason: wanted.reason });
      for (const other of wanted.names.slice(wanted.names.indexOf(name) + 1)) {
        considered.push({ name: other, outcome: 'skipped', reason: `${name} works` });
      }
      if (wanted.auto) {
        considered.push({ name: 'mock', outcome: 'skipped', reason: 'only used when asked for by name' });
      }
      return { driver: attempt.driver, considered };
    }
    considered.push({ name, ...attempt });
    deps.log.debug({ driver: name, outcome: attempt.outcome }, `driver passed over: ${attempt.reason}`);
  }
  throw noDriver(wanted.auto, considered);
}

interface Wanted {
  readonly names: readonly DriverName[];
  readonly auto: boolean;
  readonly reason: string;
}

function fromEnvironment(choice: 'auto' | DriverName, env: DriverDeps['env'] & object): Wanted {
  if (choice !== 'auto') return { names: [choice], auto: false, reason: 'asked for by name' };
  const name = env.GREENLIGHT_HAL_DRIVER;
  if (name === undefined || name === '' || name === 'auto') {
    return { names: AUTO_ORDER, auto: true, reason: 'the first that works' };
  }
  const known = Object.keys(LOADERS);
  if (!known.includes(name)) {
    throw new HalError(
      'HAL_ARGUMENT',
      `GREENLIGHT_HAL_DRIVER=${name} is no driver; write auto, ${known.join(', ')}`,
    );
  }
  return { names: [name as DriverName], auto: false, reason: 'asked for by GREENLIGHT_HAL_DRIVER' };
}

async function tryDriver(
  name: DriverName,
  deps: DriverDeps,
  load: (name: DriverName) => Promise<DriverModule>,
  signal: AbortSignal,
): Promise<{ driver: GpioDriver } | { outcome: 'skipped' | 'failed'; reason: string }> {
  let driver: GpioDriver | undefined;
  try {
    driver = (await load(name)).createDriver(deps);
    await driver.start(signal);
    return { driver };
  } catch (error) {
    // A start that failed half-way may hold descriptors; what stop says then adds nothing to the first reason.
    await driver?.stop().catch(() => {});
    signal.throwIfAborted();
    const missing = missingPackage(error);
    if (missing !== undefined) {
      return {
        outcome: 'skipped',
        reason: `the optional package ${missing} is not installed (npm install ${missing})`,
      };
    }
    const unavailable = error instanceof HalError && error.code === 'HAL_UNAVAILABLE';
    return { outcome: unavailable ? 'skipped' : 'failed', reason: messageOf(error) };
  }
}

/** The package that an `import()` did not find, from Node's own message. */
function missingPackage(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') return undefined;
  return /Cannot find (?:package|module) '([^'./][^']*)'/.exec(messageOf(error))?.[1];
}

function noDriver(auto: boolean, considered: readonly Considered[]): HalError {
  const reasons = considered.map((each) => `${each.name}: ${each.reason}`).join('; ');
  return new HalError(
    'HAL_UNAVAILABLE',
    auto
      ? `no GPIO driver works here (${reasons}). On a machine without GPIO lines use the mock board: hal: { driver: mock } or GREENLIGHT_HAL_DRIVER=mock`
      : `the GPIO driver does not start: ${reasons}`,
  );
}
