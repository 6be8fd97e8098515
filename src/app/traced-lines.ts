import { driverOver, type GpioDriver, type Log } from '../../hal/index.js';
import { tracedInput, tracedOutput } from '../../hal/lines/index.js';

/** The same driver; its log tells at debug of each value that is written, and of each edge. */
export function tracedLines(inner: GpioDriver, log: Log): GpioDriver {
  return driverOver(inner, {
    output: async (address, consumer, settings) => {
      const line = await inner.output(address, consumer, settings);
      log.debug(
        { line: line.identity.name, consumer, value: settings.initial },
        `${line.identity.name} is ${settings.initial}, held for ${consumer}`,
      );
      return tracedOutput(line, log);
    },
    input: async (address, consumer, settings) =>
      tracedInput(await inner.input(address, consumer, settings), log),
  });
}
