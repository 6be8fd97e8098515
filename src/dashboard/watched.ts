import {
  type Bias,
  driverOver,
  type EdgeEvent,
  type GpioDriver,
  type InputSettings,
  type Line,
  type LineInfo,
  type LineValue,
  type OutputSettings,
} from '../../hal/index.js';
import type { BoardLineView, BoardView } from './contract.js';

interface Held {
  readonly direction: 'input' | 'output';
  readonly consumer: string;
  readonly bias: Bias;
  readonly activeLow: boolean;
  value?: LineValue;
  duty?: number;
  pulseWidthUs?: number;
  lastEdge?: { readonly edge: EdgeEvent['edge']; readonly sequence: number; readonly atMs: number };
}

/**
 * The lines of a real board, as this program's own parts use them: what they write and the edges that reach them. It
 * reads nothing by itself but each input once, when it is taken; a line that nobody here holds has no known value.
 */
export class WatchedLines implements BoardView {
  readonly driver: string;
  readonly #held = new Map<string, Held>();
  readonly #listeners = new Set<(line: BoardLineView) => void>();

  constructor(private readonly inner: GpioDriver) {
    this.driver = inner.name;
  }

  /** Every line of the header's chips, in the driver's order. */
  async lines(): Promise<readonly BoardLineView[]> {
    return (await this.inner.lines())
      .filter(({ name }) => name !== '')
      .map((info) => this.#view(info.name, info));
  }

  subscribe(listener: (line: BoardLineView) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The same driver, watched. */
  over(): GpioDriver {
    const { inner } = this;
    return driverOver(inner, {
      output: async (address, consumer, settings) => {
        const line = await inner.output(address, consumer, settings);
        const held = this.#hold(line, 'output', consumer, settings);
        held.value = settings.initial;
        this.#tell(line);
        return {
          ...this.#closing(line),
          read: () => line.read(),
          write: async (value) => {
            await line.write(value);
            held.value = value;
            this.#tell(line);
          },
        };
      },
      input: async (address, consumer, settings) => {
        const line = await inner.input(address, consumer, settings);
        const held = this.#hold(line, 'input', consumer, settings ?? {});
        line.onEdge(({ edge, sequence, timestampNs }) => {
          held.value = edge === 'rising' ? 'active' : 'inactive';
          held.lastEdge = { edge, sequence, atMs: Number(timestampNs) / 1e6 };
          this.#tell(line);
        });
        const read = async (): Promise<LineValue> => {
          const value = await line.read();
          held.value = value;
          this.#tell(line);
          return value;
        };
        return {
          ...this.#closing(line),
          read,
          onEdge: (listener) => line.onEdge(listener),
          onError: (listener) => line.onError(listener),
        };
      },
      pwm: async (address, consumer, settings) => {
        const line = await inner.pwm(address, consumer, settings);
        const held = this.#hold(line, 'output', consumer, settings);
        const set = (duty: number): void => {
          held.duty = duty;
          held.value = duty > 0 ? 'active' : 'inactive';
          this.#tell(line);
        };
        set(settings.duty);
        return {
          ...this.#closing(line),
          setDuty: async (duty) => {
            await line.setDuty(duty);
            set(duty);
          },
        };
      },
      servo: async (address, consumer) => {
        const line = await inner.servo(address, consumer);
        const held = this.#hold(line, 'output', consumer, {});
        return {
          ...this.#closing(line),
          setPulseWidth: async (us) => {
            await line.setPulseWidth(us);
            held.pulseWidthUs = us;
            this.#tell(line);
          },
        };
      },
    });
  }

  #hold(
    line: Line,
    direction: Held['direction'],
    consumer: string,
    settings: Partial<OutputSettings & InputSettings>,
  ): Held {
    const { bias = 'as-is', activeLow = false } = settings;
    const held: Held = { direction, consumer, bias, activeLow };
    this.#held.set(keyOf(line), held);
    return held;
  }

  #closing(line: Line): Pick<Line, 'identity' | 'close' | typeof Symbol.asyncDispose> {
    const close = async (): Promise<void> => {
      try {
        await line.close();
      } finally {
        this.#held.delete(keyOf(line));
        this.#tell(line);
      }
    };
    return { identity: line.identity, close, [Symbol.asyncDispose]: close };
  }

  #tell(line: Line): void {
    if (this.#listeners.size === 0) return;
    const view = this.#view(keyOf(line));
    for (const listener of this.#listeners) listener(view);
  }

  #view(name: string, info?: LineInfo): BoardLineView {
    const held = this.#held.get(name);
    return {
      name,
      direction: held?.direction ?? info?.direction ?? 'unknown',
      consumer: held?.consumer ?? info?.consumer,
      value: held?.value,
      bias: held?.bias ?? info?.bias ?? 'as-is',
      activeLow: held?.activeLow ?? info?.activeLow ?? false,
      duty: held?.duty,
      pulseWidthUs: held?.pulseWidthUs,
      lastEdge: held?.lastEdge,
    };
  }
}

function keyOf({ identity }: Line): string {
  return identity.name || `${identity.chip}:${identity.offset}`;
}
