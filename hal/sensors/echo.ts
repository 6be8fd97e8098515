import type { Clock } from '../clock.js';
import type { EdgeEvent, GpioDriver, InputLine, OutputLine } from '../contract.js';
import { HalError } from '../errors.js';
import { DISTANCE_CM, type DistanceSensor, type DistanceSettings } from './distance.js';

/** ms that the trigger is high. 10 µs are enough (HC-SR04 data sheet); the sensor starts when it falls. */
const TRIGGER_MS = 1;
/** ms until the echo line must have fallen: without anything in reach it is high for 38 ms, of some kinds for 65. */
const ANSWER_MS = 100;
/** There and back at 343 m/s (20 °C): µs for one cm. */
const US_PER_CM = 2 / 0.0343;

/** An HC-SR04: a pulse on the trigger line, and the echo line is high for as long as the sound was on its way. */
export async function echoSensor(
  { trigger, echo, consumer }: DistanceSettings,
  { gpio, clock }: { readonly gpio: GpioDriver; readonly clock: Clock },
): Promise<DistanceSensor> {
  const output = await gpio.output(trigger, consumer, { initial: 'inactive' });
  const input = await gpio.input(echo, consumer, { bias: biasOf(gpio) }).catch(async (error: unknown) => {
    await output.close();
    throw error;
  });
  const name = `ultrasonic sensor on ${output.identity.name} and ${input.identity.name}`;
  return {
    name,
    measure: async (signal) => {
      const us = await ping({ output, input, clock, name, signal });
      const distanceCm = us / US_PER_CM;
      return { distanceCm: distanceCm > DISTANCE_CM.most ? undefined : distanceCm, at: clock.now() };
    },
    close: async () => {
      await Promise.all([output.close(), input.close()]);
    },
  };
}

/** A sensor that is not there must not look like one that answers. */
function biasOf({ capabilities }: GpioDriver): 'pull-down' | 'as-is' {
  return capabilities.bias ? 'pull-down' : 'as-is';
}

interface Ping {
  readonly output: OutputLine;
  readonly input: InputLine;
  readonly clock: Clock;
  readonly name: string;
  readonly signal: AbortSignal;
}

/** @returns µs for which the echo line was high */
async function ping({ output, input, clock, name, signal }: Ping): Promise<number> {
  let rose: bigint | undefined;
  let ended: (us: number) => void = () => {};
  const echo = new Promise<number>((resolve) => {
    ended = resolve;
  });
  const unlisten = input.onEdge(({ edge, timestampNs }: EdgeEvent) => {
    if (edge === 'rising') rose = timestampNs;
    else if (rose !== undefined) ended(Number(timestampNs - rose) / 1e3);
  });
  const over = new AbortController();
  try {
    await output.write('active');
    await clock.sleep(TRIGGER_MS, signal);
    await output.write('inactive');
    const late = clock.sleep(ANSWER_MS, AbortSignal.any([signal, over.signal])).then(() => undefined);
    // the one that loses the race is ended below
    late.catch(() => {});
    const us = await Promise.race([echo, late]);
    signal.throwIfAborted();
    if (us !== undefined) return us;
    throw new HalError(
      'HAL_SENSOR',
      rose === undefined
        ? `${name}: no echo; are the lines right, and does it have 5 V?`
        : `${name}: the echo did not end`,
    );
  } finally {
    over.abort();
    unlisten();
    // a trigger that stays high would make the sensor deaf
    await output.write('inactive');
  }
}
