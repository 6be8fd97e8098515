import type { GpioDriver } from './contract.js';

/** What a driver is asked for lines by. */
export type LineRequests = Pick<GpioDriver, 'output' | 'input' | 'pwm' | 'servo'>;

/** The same driver, which gives its lines another way. */
export function driverOver(inner: GpioDriver, requests: Partial<LineRequests>): GpioDriver {
  return {
    name: inner.name,
    // known only after the start, for some
    get capabilities() {
      return inner.capabilities;
    },
    get pulses() {
      return inner.pulses;
    },
    start: (signal) => inner.start(signal),
    stop: () => inner.stop(),
    chips: () => inner.chips(),
    lines: () => inner.lines(),
    resolve: (address) => inner.resolve(address),
    output: (address, consumer, settings) => inner.output(address, consumer, settings),
    input: (address, consumer, settings) => inner.input(address, consumer, settings),
    pwm: (address, consumer, settings) => inner.pwm(address, consumer, settings),
    servo: (address, consumer) => inner.servo(address, consumer),
    ...(inner.exposure && { exposure: (consumer) => inner.exposure?.(consumer) }),
    ...requests,
  };
}
