import type { Line, LineIdentity, ServoLine } from '../contract.js';
import { HalError } from '../errors.js';
import type { KernelPwm } from './kernel.js';

/** Hobby servos take a pulse of 0.5 to 2.5 ms every 20 ms. */
const SERVO_HZ = 50;
const PERIOD_US = 1e6 / SERVO_HZ;
/** Range of {@link ServoLine.setPulseWidth} in µs; 0 ends the pulses. */
export const SERVO_US = { min: 500, max: 2500 } as const;

/** @throws {HalError} HAL_ARGUMENT outside 500..2500 and not 0 */
export function checkPulseWidth(us: number): void {
  if (us !== 0 && !(us >= SERVO_US.min && us <= SERVO_US.max)) {
    throw new HalError(
      'HAL_ARGUMENT',
      `pulse width ${us} µs: ${SERVO_US.min}..${SERVO_US.max}, or 0 to end the pulses`,
    );
  }
}

/** A servo on a PWM channel of the kernel; limp until the first pulse width is set. */
export async function servoOverPwm(
  pwm: KernelPwm,
  identity: LineIdentity,
  consumer: string,
  released: (line: Line) => void = () => {},
): Promise<ServoLine> {
  let servo: ServoLine | undefined;
  const line = await pwm.open(identity, consumer, { frequencyHz: SERVO_HZ, duty: 0 }, () => {
    if (servo) released(servo);
  });
  servo = {
    identity: line.identity,
    // Duty 0 keeps the line inactive: no pulses.
    setPulseWidth: async (us) => {
      checkPulseWidth(us);
      await line.setDuty(us / PERIOD_US);
    },
    close: () => line.close(),
    [Symbol.asyncDispose]: () => line.close(),
  };
  return servo;
}
