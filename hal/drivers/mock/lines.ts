import type {
  EdgeEvent,
  EdgeSelection,
  InputLine,
  Line,
  LineIdentity,
  LineValue,
  OutputLine,
  PwmLine,
  ServoLine,
} from '../../contract.js';
import { HalError } from '../../errors.js';
import { type Circuit, type CircuitLine, type LevelListener, levelFor, valueAt } from './circuit.js';
import type { Level } from './history.js';
import { MOCK_LABEL } from './pinout.js';

/** What a held line needs of its driver. */
export interface HeldDeps {
  readonly circuit: Circuit;
  readonly line: CircuitLine;
  /** Called once, when the line is let go. */
  readonly released: (held: HeldLine) => void;
}

/** What all held lines share: identity, closing once, refusing afterwards. */
export abstract class HeldLine implements Line {
  readonly identity: LineIdentity;
  protected readonly circuit: Circuit;
  protected readonly line: CircuitLine;
  readonly #released: (held: HeldLine) => void;
  #closed = false;

  constructor(deps: HeldDeps) {
    this.circuit = deps.circuit;
    this.line = deps.line;
    this.#released = deps.released;
    this.identity = identityOf(deps.line);
  }

  /** Outputs that end inactive are closed before those that end active, so that no two are active in between. */
  get endsActive(): boolean {
    return false;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#released(this);
    this.letGo();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  protected abstract letGo(): void;

  protected guard(point: 'read' | 'write'): void {
    if (this.#closed) throw new HalError('HAL_CLOSED', `${this.line.name} was closed`);
    this.circuit.check(this.line, point);
  }
}

export function identityOf(line: CircuitLine): LineIdentity {
  return { chip: MOCK_LABEL, offset: line.offset, name: line.name };
}

export class MockOutputLine extends HeldLine implements OutputLine {
  constructor(
    deps: HeldDeps,
    private readonly safe: LineValue,
  ) {
    super(deps);
  }

  override get endsActive(): boolean {
    return this.safe === 'active';
  }

  async write(value: LineValue): Promise<void> {
    this.guard('write');
    this.circuit.change(this.line, 'write', { output: levelFor(value, this.line.activeLow) });
  }

  async read(): Promise<LineValue> {
    this.guard('read');
    return valueAt(this.line.level, this.line.activeLow);
  }

  /** The line stays an output at its safe value, as the kernel leaves it on a Pi. */
  protected letGo(): void {
    const { line } = this;
    const output = line.gone ? undefined : levelFor(this.safe, line.activeLow);
    this.circuit.change(line, 'release', { output, consumer: undefined, holder: undefined });
  }
}

export class MockInputLine extends HeldLine implements InputLine, LevelListener {
  readonly #edges = new Set<(event: EdgeEvent) => void>();
  readonly #errors = new Set<(error: Error) => void>();
  #sequence = 0;

  constructor(
    deps: HeldDeps,
    private readonly selection: EdgeSelection,
  ) {
    super(deps);
  }

  async read(): Promise<LineValue> {
    this.guard('read');
    return valueAt(this.line.level, this.line.activeLow);
  }

  onEdge(listener: (event: EdgeEvent) => void): () => void {
    const entry = (event: EdgeEvent): void => listener(event);
    this.#edges.add(entry);
    return () => this.#edges.delete(entry);
  }

  onError(listener: (error: Error) => void): () => void {
    const entry = (error: Error): void => listener(error);
    this.#errors.add(entry);
    return () => this.#errors.delete(entry);
  }

  /** Delivery waits for the end of the current turn, as a real driver's does: nobody is called from inside a write. */
  onLevel(level: Level, timestampNs: bigint): void {
    const edge = valueAt(level, this.line.activeLow) === 'active' ? 'rising' : 'falling';
    if (this.selection !== 'both' && this.selection !== edge) return;
    const event: EdgeEvent = { edge, timestampNs, sequence: ++this.#sequence };
    this.line.lastEdge = event;
    if (this.circuit.faults.take(this.line.name, 'edge') !== undefined) return;
    const listeners = [...this.#edges];
    queueMicrotask(() => {
      for (const listener of listeners) if (this.#edges.has(listener)) listener(event);
    });
  }

  onGone(error: Error): void {
    const listeners = [...this.#errors];
    queueMicrotask(() => {
      for (const listener of listeners) if (this.#errors.has(listener)) listener(error);
    });
  }

  protected letGo(): void {
    this.#edges.clear();
    this.#errors.clear();
    this.circuit.change(this.line, 'release', { consumer: undefined, holder: undefined });
  }
}

export class MockPwmLine extends HeldLine implements PwmLine {
  async setDuty(duty: number): Promise<void> {
    this.guard('write');
    if (!(duty >= 0 && duty <= 1)) {
      throw new HalError('HAL_ARGUMENT', `${this.line.name}: duty ${duty} is not within 0..1`);
    }
    const { line } = this;
    this.circuit.change(line, 'write', {
      pwm: { frequencyHz: line.pwm?.frequencyHz ?? 0, duty },
      output: pwmLevel(duty, line.activeLow),
    });
  }

  protected letGo(): void {
    const { line } = this;
    this.circuit.change(line, 'release', {
      pwm: undefined,
      output: line.gone ? undefined : levelFor('inactive', line.activeLow),
      consumer: undefined,
    });
  }
}

/** A pulsed line is shown at the level of its active share, however small. */
export function pwmLevel(duty: number, activeLow: boolean): Level {
  return levelFor(duty > 0 ? 'active' : 'inactive', activeLow);
}

export class MockServoLine extends HeldLine implements ServoLine {
  async setPulseWidth(us: number): Promise<void> {
    this.guard('write');
    if (us !== 0 && !(us >= 500 && us <= 2500)) {
      throw new HalError(
        'HAL_ARGUMENT',
        `${this.line.name}: pulse width ${us} µs is neither 0 nor within 500..2500`,
      );
    }
    this.circuit.change(this.line, 'write', { pulseWidthUs: us });
  }

  protected letGo(): void {
    this.circuit.change(this.line, 'release', {
      pulseWidthUs: undefined,
      output: this.line.gone ? undefined : 'low',
      consumer: undefined,
    });
  }
}
