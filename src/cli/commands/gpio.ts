import {
  DRIVER_NAMES,
  type DriverName,
  type EdgeEvent,
  type GpioDriver,
  HalError,
  type LineInfo,
  pinOfGpio,
  SILENT,
  SystemClock,
} from '../../../hal/index.js';
import { type Considered, openDriver } from '../../../hal/registry.js';
import { EXIT } from '../exit.js';
import type { CliIo } from '../io.js';
import type { Command, Register } from '../program.js';
import { formatTable } from '../table.js';

interface GpioOptions {
  readonly driver: string;
  readonly json?: boolean;
}

/** What shows as holder of the lines that these commands take. */
const CONSUMER = 'greenlight-gpio';
/** Time in ms for an edge to arrive over the wire of a loopback. */
const LOOPBACK_LIMIT_MS = 500;

/** `greenlight gpio …`: drivers, chips, lines and who holds them; and trying a line out. Needs no running instance. */
export const registerGpio: Register = (program, { io, action }) => {
  const gpio = withDriver(program.command('gpio'))
    .description('drivers and why they were passed over, chips, lines and who holds them')
    .option('--json', 'as JSON')
    .action(
      action((options: GpioOptions) =>
        withGpio(options, io, (driver, considered) => list(driver, considered, options, io)),
      ),
    );

  withDriver(gpio.command('watch <line>'))
    .description('print each edge of a line until Ctrl-C: GPIO17, J8:11')
    .option('--bias <bias>', 'as-is, disabled, pull-up or pull-down', 'as-is')
    .option('--debounce <ms>', 'time in ms for which the line must be stable', '0')
    .action(
      action((line: string, options: GpioOptions & { bias: string; debounce: string }, command: Command) =>
        withGpio(inherited(options, command), io, (driver) => watch(driver, line, options, io)),
      ),
    );

  withDriver(gpio.command('blink <line>'))
    .description('switch a line on and off until Ctrl-C, or so many times')
    .option('--every <ms>', 'time in ms between changes', '500')
    .option('--times <n>', 'how often it lights')
    .action(
      action((line: string, options: GpioOptions & { every: string; times?: string }, command: Command) =>
        withGpio(inherited(options, command), io, (driver) => blink(driver, line, options, io)),
      ),
    );

  withDriver(gpio.command('loopback <from> <to>'))
    .description('drive FROM and see whether the edges arrive at TO: join the two by a wire first')
    .action(
      action((from: string, to: string, options: GpioOptions, command: Command) =>
        withGpio(inherited(options, command), io, (driver) => loopback(driver, from, to, io)),
      ),
    );
};

function withDriver(command: Command): Command {
  return command.option('--driver <name>', `auto, ${DRIVER_NAMES.join(', ')}`, 'auto');
}

/** `--driver` may stand before or after the word of the command. */
function inherited(options: GpioOptions, command: Command): GpioOptions {
  const above = command.parent?.opts<GpioOptions>();
  return options.driver === 'auto' && above ? { ...options, driver: above.driver } : options;
}

async function withGpio(
  options: GpioOptions,
  io: CliIo,
  work: (driver: GpioDriver, considered: readonly Considered[]) => Promise<number | undefined>,
): Promise<number | undefined> {
  if (options.driver !== 'auto' && !DRIVER_NAMES.includes(options.driver as DriverName)) {
    throw new HalError('HAL_ARGUMENT', `--driver ${options.driver}: write auto, ${DRIVER_NAMES.join(', ')}`);
  }
  const { driver, considered } = await openDriver(
    options.driver as DriverName | 'auto',
    { clock: new SystemClock(), log: SILENT, env: io.env },
    { signal: io.signal },
  );
  try {
    return await work(driver, considered);
  } finally {
    await driver.stop();
  }
}

async function list(
  driver: GpioDriver,
  considered: readonly Considered[],
  options: GpioOptions,
  io: CliIo,
): Promise<number> {
  const [chips, lines] = [await driver.chips(), await driver.lines()];
  if (options.json) {
    io.out(
      `${JSON.stringify({ drivers: considered, capabilities: driver.capabilities, chips, lines }, null, 2)}\n`,
    );
    return EXIT.done;
  }
  io.out(
    formatTable(
      ['DRIVER', 'OUTCOME', 'REASON'],
      considered.map((c) => [c.name, c.outcome, c.reason]),
    ),
  );
  io.out(
    `\n${formatTable(
      ['CHIP', 'LABEL', 'LINES'],
      chips.map((chip) => [chip.name, chip.label, chip.lines]),
    )}`,
  );
  io.out(
    `\n${formatTable(['LINE', 'PIN', 'CHIP', 'OFFSET', 'DIRECTION', 'HELD BY', 'SPECIAL'], lines.map(lineRow))}`,
  );
  return EXIT.done;
}

function lineRow(line: LineInfo): (string | number)[] {
  const gpio = /^GPIO(\d+)$/.exec(line.name);
  const pin = gpio ? pinOfGpio(Number(gpio[1])) : undefined;
  return [
    line.name || '-',
    pin === undefined ? '' : `J8:${pin}`,
    line.chip,
    line.offset,
    line.direction,
    line.consumer ?? '',
    line.special ?? '',
  ];
}

async function watch(
  driver: GpioDriver,
  address: string,
  options: { bias: string; debounce: string },
  io: CliIo,
): Promise<number> {
  const biases = ['as-is', 'disabled', 'pull-up', 'pull-down'] as const;
  const bias = biases.find((known) => known === options.bias);
  if (bias === undefined)
    throw new HalError('HAL_ARGUMENT', `--bias ${options.bias}: write ${biases.join(', ')}`);
  const line = await driver.input(address, CONSUMER, {
    bias,
    debounceMs: wholeNumber('--debounce', options.debounce),
  });
  let failed: ((error: Error) => void) | undefined;
  line.onEdge((event) => io.out(`${formatEdge(event)}\n`));
  line.onError((error) => failed?.(error));
  io.out(`${address} is ${await line.read()}\n`);
  await new Promise<void>((resolve, reject) => {
    failed = reject;
    if (io.signal.aborted) resolve();
    io.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  return EXIT.done;
}

function formatEdge({ edge, timestampNs, sequence }: EdgeEvent): string {
  const seconds = timestampNs / 1_000_000_000n;
  const rest = String(timestampNs % 1_000_000_000n).padStart(9, '0');
  return `${seconds}.${rest}  ${edge.padEnd(7)}  #${sequence}`;
}

async function blink(
  driver: GpioDriver,
  address: string,
  options: { every: string; times?: string },
  io: CliIo,
): Promise<number> {
  const every = wholeNumber('--every', options.every, 1);
  const times =
    options.times === undefined ? Number.POSITIVE_INFINITY : wholeNumber('--times', options.times, 1);
  const clock = new SystemClock();
  const line = await driver.output(address, CONSUMER, { initial: 'inactive', safe: 'inactive' });
  for (let i = 0; i < times && !io.signal.aborted; i++) {
    for (const value of ['active', 'inactive'] as const) {
      await line.write(value);
      await clock.sleep(every, io.signal).catch(() => {
        // Ctrl-C: the loop ends by its condition, and the line is closed inactive
      });
    }
  }
  return EXIT.done;
}

/** Drives a pattern and waits for each of its edges. Exit code 1 when one does not arrive. */
async function loopback(driver: GpioDriver, from: string, to: string, io: CliIo): Promise<number> {
  const output = await driver.output(from, CONSUMER, { initial: 'inactive', safe: 'inactive' });
  const input = await driver.input(to, CONSUMER, {
    bias: driver.capabilities.bias ? 'pull-down' : 'as-is',
    edge: 'both',
  });
  for (const value of ['active', 'inactive', 'active', 'inactive'] as const) {
    const wanted = value === 'active' ? 'rising' : 'falling';
    const arrived = nextEdge(input, wanted);
    const begin = performance.now();
    await output.write(value);
    if (!(await arrived)) {
      const level = await input.read();
      const hint =
        level === value
          ? 'the level arrived but no edge: this driver or kernel delivers no interrupts'
          : 'is there a wire between them?';
      io.out(`${from} → ${to}: no ${wanted} edge within ${LOOPBACK_LIMIT_MS} ms; ${hint}\n`);
      return EXIT.no;
    }
    io.out(`${from} → ${to}: ${wanted} after ${((performance.now() - begin) * 1000).toFixed(0)} µs\n`);
  }
  return EXIT.done;
}

function nextEdge(
  input: { onEdge(listener: (event: EdgeEvent) => void): () => void },
  wanted: EdgeEvent['edge'],
): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => end(false), LOOPBACK_LIMIT_MS);
    const unlisten = input.onEdge(({ edge }) => {
      if (edge === wanted) end(true);
    });
    function end(arrived: boolean): void {
      clearTimeout(timer);
      unlisten();
      resolve(arrived);
    }
  });
}

function wholeNumber(option: string, text: string, least = 0): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new HalError('HAL_ARGUMENT', `${option} ${text}: write a whole number from ${least}`);
}
