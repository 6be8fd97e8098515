import {
  type GpioDriver,
  type InputLine,
  type LineValue,
  type Log,
  messageOf,
  type OutputLine,
} from '../../hal/index.js';
import type { FunctionLines } from '../core/functions/index.js';

type Held =
  | { readonly direction: 'input'; readonly line: InputLine }
  | { readonly direction: 'output'; readonly line: OutputLine };

export interface FunctionLinesOptions {
  /** Opened with the first line. */
  readonly gpio: () => Promise<GpioDriver>;
  readonly log: Log;
}

/** The driver's lines for functions. What a function took it keeps until it is given back, under the function's name. */
export function functionLines({ gpio, log }: FunctionLinesOptions): FunctionLines {
  const held = new Map<string, Map<string, Promise<Held>>>();

  const take = (
    by: string,
    line: string,
    wanted: (before: Held | undefined) => Promise<Held>,
  ): Promise<Held> => {
    const own = held.get(by) ?? new Map<string, Promise<Held>>();
    held.set(by, own);
    const before = own.get(line) ?? Promise.resolve(undefined);
    // one after the other: a line that changes its direction is let go first
    const next = before.catch(() => undefined).then(wanted);
    own.set(line, next);
    next.catch(() => {
      if (own.get(line) === next) own.delete(line);
    });
    return next;
  };

  return {
    async problems(lines) {
      if (lines.length === 0) return [];
      const driver = await gpio();
      const found: string[] = [];
      for (const line of lines) {
        await driver.resolve(line).catch((error) => {
          const message = messageOf(error);
          found.push(message.startsWith('line ') ? `its ${message}` : `its line ${line}: ${message}`);
        });
      }
      return found;
    },
    async read(by, name) {
      const { line } = await take(by, name, async (before) => {
        if (before !== undefined) return before;
        return { direction: 'input', line: await (await gpio()).input(name, by) };
      });
      return line.read();
    },
    async write(by, name, value: LineValue) {
      const taken = await take(by, name, async (before) => {
        if (before?.direction === 'output') return before;
        await before?.line.close();
        return { direction: 'output', line: await (await gpio()).output(name, by, { initial: value }) };
      });
      if (taken.direction === 'output') await taken.line.write(value);
    },
    async release(by) {
      const own = held.get(by);
      held.delete(by);
      for (const [name, taken] of own ?? []) {
        try {
          await (await taken).line.close();
        } catch (error) {
          // what was never taken is told to who asked; what cannot be let go is told here
          log.debug({ function: by, line: name }, `line ${name} was not let go: ${messageOf(error)}`);
        }
      }
    },
  };
}
