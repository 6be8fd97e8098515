/** The bench of the driver cases: what a rig gives, what a case needs, and the steps that cases share. */
import assert from 'node:assert/strict';
import {
  type EdgeEvent,
  type GpioDriver,
  HalError,
  type HalErrorCode,
  type InputSettings,
  type LineAddress,
  type LineInfo,
} from '../../../hal/index.js';

export type Level = 'high' | 'low';

/** A started driver and the bench around it, new for each case. */
export interface GpioRig {
  readonly driver: GpioDriver;
  /** At least three lines that nobody holds, whose names stand in `lines()`. */
  readonly free: readonly LineAddress[];
  /** Lets time pass, in ms; what happens in it has been delivered when it resolves. */
  pass(ms: number): Promise<void>;
  /** Puts a level on a free line from outside; undefined lets it float. */
  drive?(line: LineAddress, level: Level | undefined): Promise<void>;
  /** The longest time in ms that one {@link drive} takes; default 10. Bounces are made of drives. */
  readonly driveMs?: number;
  /** The level of a line, seen from outside. */
  observe?(line: LineAddress): Promise<Level>;
  /** Stops the driver if the case did not, and whatever else is there. */
  close(): Promise<void>;
}

export type Need =
  | 'drive'
  | 'observe'
  | 'bias'
  | 'no bias'
  | 'drive mode'
  | 'no drive mode'
  | 'edges'
  | 'pwm'
  | 'no pwm'
  | 'servo'
  | 'no servo'
  | 'pulse capture'
  | 'no pulse capture';

export interface GpioCase {
  readonly title: string;
  readonly needs: readonly Need[];
  run(rig: GpioRig): Promise<void>;
}

/** Why a case cannot run on this rig, or undefined when it can. */
export function unmet(rig: GpioRig, needs: readonly Need[]): string | undefined {
  const { capabilities, name } = rig.driver;
  const met: Readonly<Record<Need, boolean>> = {
    drive: rig.drive !== undefined,
    observe: rig.observe !== undefined,
    bias: capabilities.bias,
    'no bias': !capabilities.bias,
    'drive mode': capabilities.drive,
    'no drive mode': !capabilities.drive,
    edges: capabilities.edges,
    pwm: capabilities.pwm,
    'no pwm': !capabilities.pwm,
    servo: capabilities.servo,
    'no servo': !capabilities.servo,
    'pulse capture': capabilities.pulseCapture,
    'no pulse capture': !capabilities.pulseCapture,
  };
  const reasons = needs
    .filter((need) => !met[need])
    .map((need) => {
      if (need === 'drive') return 'lines cannot be driven from outside here';
      if (need === 'observe') return 'lines cannot be observed from outside here';
      return need.startsWith('no ') ? `${name} has ${need.slice(3)}` : `${name} has no ${need}`;
    });
  return reasons.length === 0 ? undefined : reasons.join('; ');
}

export const CONSUMER = 'contract';

export async function rejects(work: Promise<unknown>, code: HalErrorCode, words?: RegExp): Promise<void> {
  let error: unknown;
  try {
    await work;
  } catch (caught) {
    error = caught;
  }
  assert.ok(error instanceof HalError, `expected ${code}, got ${error}`);
  assert.equal(error.code, code, error.message);
  if (words !== undefined) assert.match(error.message, words);
}

export function lineOf(rig: GpioRig, index: number): LineAddress {
  const line = rig.free[index];
  assert.ok(line !== undefined, `the rig has no free line ${index}`);
  return line;
}

export async function listed(rig: GpioRig, address: LineAddress): Promise<LineInfo> {
  const { chip, offset } = await rig.driver.resolve(address);
  const found = (await rig.driver.lines()).find((each) => each.chip === chip && each.offset === offset);
  assert.ok(found !== undefined, `${chip}:${offset} is not listed`);
  return found;
}

/** Waits until as many edges came, then a little longer for those that should not. */
export async function collect(rig: GpioRig, events: readonly EdgeEvent[], count: number): Promise<void> {
  for (let waited = 0; events.length < count && waited < 2_000; waited += 5) await rig.pass(5);
  await rig.pass(20);
  assert.equal(
    events.length,
    count,
    `${events.length} edges came: ${events.map((each) => each.edge).join(', ')}`,
  );
}

/** An input whose line rests at a level, and the edges that it delivers. */
export async function listening(
  rig: GpioRig,
  index: number,
  rest: Level,
  settings: InputSettings = {},
): Promise<{ events: EdgeEvent[]; put: (level: Level) => Promise<void>; read: () => Promise<string> }> {
  const address = lineOf(rig, index);
  await rig.drive?.(address, rest);
  const input = await rig.driver.input(address, CONSUMER, settings);
  await rig.pass(5);
  const events: EdgeEvent[] = [];
  input.onEdge((event) => events.push(event));
  return { events, put: async (level) => rig.drive?.(address, level), read: () => input.read() };
}

/** Long enough that two drives in a row are a bounce on this rig. */
export function debounceOf(rig: GpioRig): number {
  return Math.max(200, (rig.driveMs ?? 10) * 5);
}
