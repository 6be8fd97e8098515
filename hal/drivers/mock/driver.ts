import { type LineAddress, parseAddress } from '../../address.js';
import type {
  Capabilities,
  ChipInfo,
  EdgeEvent,
  Exposure,
  GpioDriver,
  InputLine,
  InputSettings,
  LineIdentity,
  LineInfo,
  OutputLine,
  OutputSettings,
  PulseCapture,
  PulseRequest,
  PwmLine,
  PwmSettings,
  ServoLine,
} from '../../contract.js';
import { HalError } from '../../errors.js';
import { debounced } from '../../lines/index.js';
import { type Log, SILENT } from '../../log.js';
import { unknownLine } from '../unknown-line.js';
import type { MockBoard } from './board.js';
import { type Circuit, type CircuitLine, levelFor } from './circuit.js';
import {
  type HeldDeps,
  type HeldLine,
  identityOf,
  MockInputLine,
  MockOutputLine,
  MockPwmLine,
  MockServoLine,
  pwmLevel,
} from './lines.js';
import { MOCK_LABEL } from './pinout.js';
import { checkPulseRequest, collect } from './pulses.js';

/** Frequency range in Hz that the mock's PWM takes. */
const PWM_HZ = { least: 1, most: 1_000_000 };

/** The driver side of a {@link MockBoard}. Several drivers may share a board, as processes share a chip. */
export class MockDriver implements GpioDriver {
  readonly name = 'mock';
  readonly capabilities: Capabilities = {
    bias: true,
    drive: true,
    edges: true,
    debounce: 'software',
    timestamps: 'driver',
    atomicInitial: true,
    pwm: true,
    servo: true,
    pulseCapture: true,
    simulated: true,
  };
  readonly pulses: PulseCapture;
  readonly #circuit: Circuit;
  readonly #held = new Set<HeldLine>();
  #running = false;

  constructor(
    /** The control side. */
    readonly board: MockBoard,
    private readonly log: Log = SILENT,
  ) {
    this.#circuit = board.circuit;
    this.pulses = { capture: (line, request) => this.#capture(line, request) };
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#running = true;
  }

  async stop(): Promise<void> {
    this.#running = false;
    const held = [...this.#held].sort((a, b) => Number(a.endsActive) - Number(b.endsActive));
    for (const line of held) await line.close();
  }

  exposure(consumer: string): Exposure | undefined {
    return this.board.exposure(consumer);
  }

  async chips(): Promise<readonly ChipInfo[]> {
    this.#guard();
    return [{ name: 'gpiochip0', label: MOCK_LABEL, lines: this.#circuit.lines.length }];
  }

  async lines(): Promise<readonly LineInfo[]> {
    this.#guard();
    return this.#circuit.lines.map((line) => ({
      ...identityOf(line),
      direction: line.direction,
      activeLow: line.activeLow,
      bias: line.bias,
      consumer: line.consumer,
      ...(line.special === undefined ? {} : { special: line.special }),
    }));
  }

  async resolve(address: LineAddress): Promise<LineIdentity> {
    this.#guard();
    return identityOf(this.#find(address));
  }

  async output(address: LineAddress, consumer: string, settings: OutputSettings): Promise<OutputLine> {
    const line = this.#free(address);
    const { activeLow = false, drive = 'push-pull', bias = 'as-is' } = settings;
    const held = new MockOutputLine(this.#deps(line), settings.safe ?? 'inactive');
    this.#circuit.change(line, 'request', {
      direction: 'output',
      activeLow,
      drive,
      bias,
      output: levelFor(settings.initial, activeLow),
      consumer: consumerLabel(consumer),
    });
    this.#held.add(held);
    return held;
  }

  async input(address: LineAddress, consumer: string, settings: InputSettings = {}): Promise<InputLine> {
    const { activeLow = false, bias = 'as-is', edge = 'both', debounceMs = 0 } = settings;
    if (!(debounceMs >= 0 && Number.isFinite(debounceMs))) {
      throw new HalError('HAL_ARGUMENT', `debounceMs ${debounceMs} is not a time in ms from 0`);
    }
    const line = this.#free(address);
    const held = new MockInputLine(this.#deps(line), debounceMs > 0 ? 'both' : edge);
    this.#circuit.change(line, 'request', {
      direction: 'input',
      activeLow,
      bias,
      output: undefined,
      consumer: consumerLabel(consumer),
    });
    // From here on, so that taking the line is not itself an edge.
    line.holder = held;
    this.#held.add(held);
    return debounceMs > 0
      ? debounced(held, { clock: this.#circuit.clock, log: this.log, periodMs: debounceMs, edge })
      : held;
  }

  async pwm(address: LineAddress, consumer: string, settings: PwmSettings): Promise<PwmLine> {
    const { frequencyHz, duty, activeLow = false } = settings;
    if (!(frequencyHz >= PWM_HZ.least && frequencyHz <= PWM_HZ.most)) {
      throw new HalError(
        'HAL_ARGUMENT',
        `frequency ${frequencyHz} Hz is not within ${PWM_HZ.least}..${PWM_HZ.most}`,
      );
    }
    if (!(duty >= 0 && duty <= 1)) throw new HalError('HAL_ARGUMENT', `duty ${duty} is not within 0..1`);
    const line = this.#free(address);
    const held = new MockPwmLine(this.#deps(line));
    this.#circuit.change(line, 'request', {
      direction: 'output',
      activeLow,
      drive: 'push-pull',
      output: pwmLevel(duty, activeLow),
      pwm: { frequencyHz, duty },
      consumer: consumerLabel(consumer),
    });
    this.#held.add(held);
    return held;
  }

  async servo(address: LineAddress, consumer: string): Promise<ServoLine> {
    const line = this.#free(address);
    const held = new MockServoLine(this.#deps(line));
    this.#circuit.change(line, 'request', {
      direction: 'output',
      activeLow: false,
      drive: 'push-pull',
      output: 'low',
      pulseWidthUs: 0,
      consumer: consumerLabel(consumer),
    });
    this.#held.add(held);
    return held;
  }

  async #capture(address: LineAddress, request: PulseRequest): Promise<readonly EdgeEvent[]> {
    const line = this.#find(address);
    checkPulseRequest(line.name, request);
    const output = await this.output(address, request.consumer, { initial: 'inactive' });
    try {
      await this.#circuit.clock.sleep(request.driveMs);
    } finally {
      await output.close();
    }
    const input = await this.input(address, request.consumer, { bias: request.bias });
    try {
      const answer = this.board.pulseSource(line.name)?.(identityOf(line), request);
      // A line without a device only rises with its pull-up.
      const train = answer ?? [{ level: line.level, us: request.timeoutMs * 1000 }];
      return await collect(train, request, this.#circuit.clock);
    } finally {
      await input.close();
    }
  }

  #deps(line: CircuitLine): HeldDeps {
    return { circuit: this.#circuit, line, released: (held) => this.#held.delete(held) };
  }

  #guard(): void {
    if (!this.#running) throw new HalError('HAL_CLOSED', 'the mock driver is not running');
  }

  #find(address: LineAddress): CircuitLine {
    const parsed = parseAddress(address);
    if (parsed.kind === 'name') {
      const line = this.#circuit.byName(parsed.name);
      if (line === undefined) throw unknownLine(parsed.name, this.#names());
      return line;
    }
    if (parsed.chip !== MOCK_LABEL && parsed.chip !== 'gpiochip0') {
      throw new HalError('HAL_LINE_UNKNOWN', `there is no chip "${parsed.chip}"; the mock has ${MOCK_LABEL}`);
    }
    const line = this.#circuit.lines[parsed.offset];
    if (line === undefined) {
      throw new HalError(
        'HAL_LINE_UNKNOWN',
        `${MOCK_LABEL} has no offset ${parsed.offset}; it has lines 0..${this.#circuit.lines.length - 1}`,
      );
    }
    return line;
  }

  #names(): readonly string[] {
    return this.#circuit.lines.map((line) => line.name);
  }

  #free(address: LineAddress): CircuitLine {
    this.#guard();
    const line = this.#find(address);
    this.#circuit.check(line, 'request');
    if (line.consumer !== undefined) {
      throw new HalError('HAL_LINE_BUSY', `${line.name} is held by "${line.consumer}"`);
    }
    return line;
  }
}

/** As the kernel keeps it: at most 31 bytes. */
function consumerLabel(consumer: string): string {
  let label = consumer;
  while (Buffer.byteLength(label) > 31) label = label.slice(0, -1);
  return label;
}
