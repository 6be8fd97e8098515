import { gpioAtPin, type LineAddress, parseAddress, pinOfGpio } from '../../address.js';
import type { Clock } from '../../clock.js';
import type { Bias, Edge, Exposure, LineInfo, LineValue } from '../../contract.js';
import { HalError } from '../../errors.js';
import { unknownLine } from '../unknown-line.js';
import { Circuit, type CircuitLine, valueAt } from './circuit.js';
import type { FaultPoint, FaultSettings } from './faults.js';
import type { HistoryEntry, Level } from './history.js';
import { identityOf } from './lines.js';
import { MOCK_LABEL } from './pinout.js';
import type { PulseSource } from './pulses.js';
import { MockSwitch, type SwitchSettings } from './switch.js';

export interface MockBoardSettings {
  readonly clock: Clock;
  /** Entries kept per line, 1..; default 256. */
  readonly historyLimit?: number;
  /** Wires that are there from the start. */
  readonly wires?: readonly { readonly from: LineAddress; readonly to: LineAddress }[];
}

/** An edge as plain data. */
export interface BoardEdge {
  readonly edge: Edge;
  readonly sequence: number;
  /** Monotonic time of the board's clock. */
  readonly atMs: number;
}

/** One line as a person at the bench sees it. Plain data: it can be sent to a page as JSON. */
export interface BoardLine extends LineInfo {
  readonly direction: 'input' | 'output';
  /** Position on the 40-pin header; undefined for lines that are not on it. */
  readonly pin: number | undefined;
  readonly level: Level;
  readonly value: LineValue;
  readonly bias: Bias;
  /** What is driven from outside; undefined when nothing is. */
  readonly external: Level | undefined;
  /** Driven high and low at the same time. */
  readonly conflict: boolean;
  readonly gone: boolean;
  /** Of a PWM line: 0..1. */
  readonly duty: number | undefined;
  readonly frequencyHz: number | undefined;
  /** Of a servo line: µs, 0 when limp. */
  readonly pulseWidthUs: number | undefined;
  /** The last edge of the present holder or the one before it. */
  readonly lastEdge: BoardEdge | undefined;
}

export interface Wire {
  readonly from: string;
  readonly to: string;
}

/** One position of the 40-pin header. */
export interface HeaderPin {
  readonly pin: number;
  /** `GPIO17`, `3V3`, `5V`, `GND`. */
  readonly name: string;
}

/**
 * A Raspberry Pi's 40-pin board made of software, from the side of the bench: drive lines, press buttons, lay wires,
 * look at levels, make things fail. Programs see the same board through a {@link MockDriver}.
 *
 * Every call takes effect before it returns; edges reach their listeners at the end of the turn. Methods throw
 * HAL_LINE_UNKNOWN for a line that the board does not have.
 */
export class MockBoard {
  readonly label = MOCK_LABEL;
  /** The electrical state, for the driver. */
  readonly circuit: Circuit;
  readonly #pulses = new Map<string, PulseSource>();
  readonly #exposures = new Map<string, Exposure>();

  constructor(settings: MockBoardSettings) {
    const limit = settings.historyLimit ?? 256;
    if (!Number.isInteger(limit) || limit < 1) {
      throw new HalError('HAL_ARGUMENT', `historyLimit ${limit} is not a whole number from 1`);
    }
    this.circuit = new Circuit(settings.clock, limit);
    for (const { from, to } of settings.wires ?? []) this.connect(from, to);
  }

  /** All lines, by offset. */
  lines(): readonly BoardLine[] {
    return this.circuit.lines.map((line) => this.#describe(line));
  }

  line(address: LineAddress): BoardLine {
    return this.#describe(this.#find(address));
  }

  /** The header, pin 1 to 40. */
  header(): readonly HeaderPin[] {
    return Array.from({ length: 40 }, (_, index) => {
      const pin = index + 1;
      return { pin, name: supplyAt(pin) ?? `GPIO${gpioAtPin(pin) ?? (pin === 27 ? 0 : 1)}` };
    });
  }

  /** Calls `listener` with a line after each change of it. */
  subscribe(listener: (line: BoardLine) => void): () => void {
    return this.circuit.watch((line) => listener(this.#describe(line)));
  }

  /** Puts a level on the line from outside; undefined lets it float again. */
  drive(address: LineAddress, level: Level | undefined): void {
    this.circuit.change(this.#find(address), 'outside', { external: level });
  }

  /** Puts a switch on a line. It stays as long as it is used; there is nothing to close. */
  button(address: LineAddress, settings?: SwitchSettings): MockSwitch {
    return new MockSwitch(this.circuit, this.#find(address), settings);
  }

  /**
   * Presses and releases a button on a line. Without `to` the button connects to the rail that the line is not pulled
   * to: to ground with a pull-up, to 3.3 V otherwise.
   */
  press(address: LineAddress, forMs = 100, settings: SwitchSettings = {}): void {
    const line = this.#find(address);
    new MockSwitch(this.circuit, line, { to: line.pull === 'up' ? 'low' : 'high', ...settings }).click(forMs);
  }

  /** Lays a wire between two lines. @returns a function that takes it away; idempotent */
  connect(a: LineAddress, b: LineAddress): () => void {
    const from = this.#find(a);
    const to = this.#find(b);
    if (from === to) throw new HalError('HAL_ARGUMENT', `${from.name} cannot be wired to itself`);
    this.circuit.connect(from, to);
    return () => this.circuit.disconnect(from, to);
  }

  wires(): readonly Wire[] {
    return this.circuit.lines.flatMap((line) =>
      [...line.wires]
        .filter((offset) => offset > line.offset)
        .map((offset) => ({ from: line.name, to: this.circuit.lines[offset]?.name ?? '' })),
    );
  }

  /** The latest changes of one line, oldest first. */
  history(address: LineAddress): readonly HistoryEntry[] {
    return this.#find(address).history.entries();
  }

  /** The latest changes of all lines in the order in which they happened. */
  journal(): readonly HistoryEntry[] {
    return this.circuit.lines.flatMap((line) => line.history.entries()).sort((a, b) => a.ordinal - b.ordinal);
  }

  /** Makes the next operation of a kind fail on a line. */
  fail(address: LineAddress, point: FaultPoint, settings: FaultSettings = {}): void {
    this.circuit.faults.set(this.#find(address).name, point, settings);
  }

  /** Forgets all faults that were set and did not happen yet. */
  clearFaults(): void {
    this.circuit.faults.clear();
  }

  /** Takes the line away, as when its chip is unplugged: holders are told, every use fails with HAL_IO. */
  remove(address: LineAddress): void {
    this.circuit.remove(this.#find(address));
  }

  /** Brings a line back that was removed; whoever held it must request it again. */
  restore(address: LineAddress): void {
    this.circuit.restore(this.#find(address));
  }

  /** Holds a free line in another's name, as a kernel driver or process would. @returns a function that lets it go */
  hold(address: LineAddress, consumer: string): () => void {
    const line = this.#find(address);
    if (line.consumer !== undefined) {
      throw new HalError('HAL_LINE_BUSY', `${line.name} is held by "${line.consumer}"`);
    }
    this.circuit.change(line, 'request', { consumer });
    let held = true;
    return () => {
      if (held) this.circuit.change(line, 'release', { consumer: undefined });
      held = false;
    };
  }

  /** Puts a device on a line that answers pulse captures, a DHT sensor for example. @returns a function that takes it off */
  attachPulses(address: LineAddress, source: PulseSource): () => void {
    const { name } = this.#find(address);
    this.#pulses.set(name, source);
    return () => {
      if (this.#pulses.get(name) === source) this.#pulses.delete(name);
    };
  }

  /** The device that {@link attachPulses} put there, for the driver. */
  pulseSource(name: string): PulseSource | undefined {
    return this.#pulses.get(name);
  }

  /** Sets what a consumer's sensor measures that is not read by its edges; undefined: what it made up before. */
  expose(consumer: string, values: Exposure | undefined): void {
    if (values === undefined) this.#exposures.delete(consumer);
    else this.#exposures.set(consumer, values);
  }

  exposure(consumer: string): Exposure | undefined {
    return this.#exposures.get(consumer);
  }

  #find(address: LineAddress): CircuitLine {
    const parsed = parseAddress(address);
    const line =
      parsed.kind === 'name' ? this.circuit.byName(parsed.name) : this.circuit.lines[parsed.offset];
    if (line !== undefined) return line;
    const wanted = parsed.kind === 'name' ? parsed.name : `${parsed.chip}:${parsed.offset}`;
    throw unknownLine(
      wanted,
      this.circuit.lines.map((each) => each.name),
    );
  }

  #describe(line: CircuitLine): BoardLine {
    return {
      ...identityOf(line),
      pin: pinOfGpio(line.offset) ?? (line.offset === 0 ? 27 : line.offset === 1 ? 28 : undefined),
      direction: line.direction,
      activeLow: line.activeLow,
      bias: line.bias,
      consumer: line.consumer,
      ...(line.special === undefined ? {} : { special: line.special }),
      level: line.level,
      value: valueAt(line.level, line.activeLow),
      external: line.external,
      conflict: this.circuit.conflict(line),
      gone: line.gone,
      duty: line.pwm?.duty,
      frequencyHz: line.pwm?.frequencyHz,
      pulseWidthUs: line.pulseWidthUs,
      lastEdge: line.lastEdge && {
        edge: line.lastEdge.edge,
        sequence: line.lastEdge.sequence,
        atMs: Number(line.lastEdge.timestampNs) / 1e6,
      },
    };
  }
}

function supplyAt(pin: number): string | undefined {
  if (pin === 1 || pin === 17) return '3V3';
  if (pin === 2 || pin === 4) return '5V';
  return [6, 9, 14, 20, 25, 30, 34, 39].includes(pin) ? 'GND' : undefined;
}
