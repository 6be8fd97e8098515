import type { Line, LineIdentity } from '../contract.js';
import { HalError } from '../errors.js';
import type { Log } from '../log.js';
import { closeAll, type Held } from './close-all.js';
import { consumerLabel } from './consumer.js';
import { describe } from './describe.js';
import { specialFunction } from './special-lines.js';

/** The lines that a driver holds, each once, where no kernel sees to that. */
export class HeldLines {
  readonly #held = new Set<Held>();
  readonly #consumers = new Map<string, string>();

  constructor(private readonly log: Log) {}

  /** Name of the program's part that holds the line. */
  consumerOf(line: LineIdentity): string | undefined {
    return this.#consumers.get(keyOf(line));
  }

  /**
   * Makes a line and holds it until it is released. Nothing is held when `make` throws.
   * @throws {HalError} HAL_LINE_BUSY when it is held already
   */
  take<L extends Held>(
    identity: LineIdentity,
    consumer: string,
    make: (released: (line: Line) => void) => L,
  ): L {
    const key = keyOf(identity);
    const holder = this.#consumers.get(key);
    if (holder !== undefined) {
      throw new HalError('HAL_LINE_BUSY', `line ${describe(identity)} is held by "${holder}"`);
    }
    const line = make((released) => {
      this.#held.delete(released);
      this.#consumers.delete(key);
    });
    warnSpecial(identity, this.log);
    this.#consumers.set(key, consumerLabel(consumer));
    this.#held.add(line);
    return line;
  }

  /** Holds a line that something else keeps from being taken twice. */
  hold<L extends Held>(line: L): L {
    this.#held.add(line);
    return line;
  }

  readonly released = (line: Line): void => {
    this.#held.delete(line);
  };

  /** As {@link closeAll} says. */
  close(): Promise<void> {
    return closeAll(this.#held);
  }
}

/** Tells that a header line usually does something else. */
export function warnSpecial(line: LineIdentity, log: Log): void {
  const special = specialFunction(line.chip, line.offset);
  if (special === undefined) return;
  log.warn(
    { line: line.name },
    `${line.name} usually serves ${special}; while it is used as a plain line that function does not work`,
  );
}

function keyOf({ chip, offset }: LineIdentity): string {
  return `${chip}:${offset}`;
}
