import type { Clock } from '../../clock.js';
import type { Bias, Drive, EdgeEvent, LineValue } from '../../contract.js';
import { HalError } from '../../errors.js';
import { Faults } from './faults.js';
import { type Cause, History, type Level } from './history.js';
import { type PinoutLine, pinout } from './pinout.js';

/** The state of one line of the chip. */
export interface CircuitLine extends PinoutLine {
  direction: 'input' | 'output';
  activeLow: boolean;
  /** As last requested; `as-is` keeps the pull that is there. */
  bias: Bias;
  pull: 'up' | 'down' | 'none';
  drive: Drive;
  /** The level the chip puts on the line; undefined when it drives nothing. */
  output: Level | undefined;
  /** The level something outside puts on the line. */
  external: Level | undefined;
  /** What a voltmeter shows. */
  level: Level;
  consumer: string | undefined;
  pwm: { frequencyHz: number; duty: number } | undefined;
  pulseWidthUs: number | undefined;
  lastEdge: EdgeEvent | undefined;
  gone: boolean;
  readonly wires: Set<number>;
  readonly history: History;
  /** The held input, told of every level change and of the line's end. */
  holder: LevelListener | undefined;
}

export interface LevelListener {
  onLevel(level: Level, atNs: bigint): void;
  onGone(error: Error): void;
}

/**
 * The electrical side: what drives each line, which lines are wired together, and the level that results. What is
 * driven from outside wins over the chip's outputs (a short does), these win over pulls, a pull up wins over a pull
 * down; of two equals low wins. A line that nothing drives or pulls keeps its level.
 */
export class Circuit {
  readonly lines: readonly CircuitLine[];
  readonly faults = new Faults();
  readonly #byName: ReadonlyMap<string, CircuitLine>;
  readonly #watchers = new Set<(line: CircuitLine) => void>();
  #ordinal = 0;

  constructor(
    readonly clock: Clock,
    historyLimit: number,
  ) {
    this.lines = pinout().map((line) => ({
      ...line,
      direction: 'input',
      activeLow: false,
      bias: 'as-is',
      pull: line.resetPull,
      drive: 'push-pull',
      output: undefined,
      external: undefined,
      level: line.resetPull === 'up' ? 'high' : 'low',
      consumer: undefined,
      pwm: undefined,
      pulseWidthUs: undefined,
      lastEdge: undefined,
      gone: false,
      wires: new Set<number>(),
      history: new History(historyLimit),
      holder: undefined,
    }));
    this.#byName = new Map(this.lines.map((line) => [line.name, line]));
  }

  byName(name: string): CircuitLine | undefined {
    return this.#byName.get(name);
  }

  /** Calls `watcher` after each change of a line. */
  watch(watcher: (line: CircuitLine) => void): () => void {
    const entry = (line: CircuitLine): void => watcher(line);
    this.#watchers.add(entry);
    return () => this.#watchers.delete(entry);
  }

  /** Changes a line and lets the level follow on it and on the lines wired to it. */
  change(line: CircuitLine, cause: Cause, patch: Partial<CircuitLine>): void {
    const held = 'consumer' in patch && patch.consumer !== line.consumer;
    const turned = patch.direction !== undefined && patch.direction !== line.direction;
    Object.assign(line, patch);
    if (patch.bias !== undefined && patch.bias !== 'as-is') {
      line.pull = patch.bias === 'pull-up' ? 'up' : patch.bias === 'pull-down' ? 'down' : 'none';
    }
    const net = line.wires.size === 0 ? [line] : this.#netOf(line);
    const moved = this.#settle(net);
    if (moved.includes(line) || held || turned) this.#record(line, cause);
    for (const other of moved) if (other !== line) this.#record(other, 'wire');
    const atNs = this.clock.monotonicNs();
    for (const each of moved) each.holder?.onLevel(each.level, atNs);
    this.#tell(line);
    for (const other of moved) if (other !== line) this.#tell(other);
  }

  connect(a: CircuitLine, b: CircuitLine): void {
    a.wires.add(b.offset);
    b.wires.add(a.offset);
    this.change(a, 'wire', {});
  }

  disconnect(a: CircuitLine, b: CircuitLine): void {
    a.wires.delete(b.offset);
    b.wires.delete(a.offset);
    this.change(a, 'wire', {});
    this.change(b, 'wire', {});
  }

  /** @throws {Error} when the line is gone, or the fault that waits for this operation */
  check(line: CircuitLine, point: 'request' | 'read' | 'write'): void {
    if (line.gone) throw goneError(line);
    const fault = this.faults.take(line.name, point);
    if (fault !== undefined) throw fault;
  }

  remove(line: CircuitLine): void {
    const holder = line.holder;
    line.gone = true;
    this.change(line, 'fault', { output: undefined });
    holder?.onGone(goneError(line));
  }

  restore(line: CircuitLine): void {
    line.gone = false;
    this.change(line, 'fault', {});
  }

  /** Two drivers fight over the line's net. */
  conflict(line: CircuitLine): boolean {
    const levels = new Set(this.#netOf(line).flatMap((each) => [drivenLevel(each), each.external]));
    return levels.has('high') && levels.has('low');
  }

  #settle(net: readonly CircuitLine[]): CircuitLine[] {
    const level = lowWins(net, (line) => line.external) ?? lowWins(net, drivenLevel) ?? pulledLevel(net);
    const moved: CircuitLine[] = [];
    for (const line of net) {
      if (level === undefined || line.level === level) continue;
      line.level = level;
      moved.push(line);
    }
    return moved;
  }

  #netOf(start: CircuitLine): CircuitLine[] {
    const net = new Set([start]);
    for (const line of net) {
      for (const offset of line.wires) {
        const other = this.lines[offset];
        if (other !== undefined) net.add(other);
      }
    }
    return [...net];
  }

  #record(line: CircuitLine, cause: Cause): void {
    line.history.add({
      ordinal: ++this.#ordinal,
      atNs: this.clock.monotonicNs(),
      line: line.name,
      level: line.level,
      value: valueAt(line.level, line.activeLow),
      driven: line.output !== undefined,
      consumer: line.consumer,
      cause,
    });
  }

  #tell(line: CircuitLine): void {
    for (const watcher of this.#watchers) watcher(line);
  }
}

export function valueAt(level: Level, activeLow: boolean): LineValue {
  return (level === 'high') !== activeLow ? 'active' : 'inactive';
}

export function levelFor(value: LineValue, activeLow: boolean): Level {
  return (value === 'active') !== activeLow ? 'high' : 'low';
}

function lowWins(
  net: readonly CircuitLine[],
  level: (line: CircuitLine) => Level | undefined,
): Level | undefined {
  let found: Level | undefined;
  for (const line of net) if (found !== 'low') found = level(line) ?? found;
  return found;
}

function pulledLevel(net: readonly CircuitLine[]): Level | undefined {
  if (net.some((line) => line.pull === 'up')) return 'high';
  return net.some((line) => line.pull === 'down') ? 'low' : undefined;
}

/** What the chip puts on a line; open outputs let go of the level that they do not drive. */
function drivenLevel(line: CircuitLine): Level | undefined {
  if (line.drive === 'open-drain' && line.output === 'high') return undefined;
  if (line.drive === 'open-source' && line.output === 'low') return undefined;
  return line.output;
}

function goneError(line: CircuitLine): HalError {
  return new HalError('HAL_IO', `${line.name} is gone: its chip was removed`);
}
