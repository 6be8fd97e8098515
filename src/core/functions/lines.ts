import type { LineValue } from '../../../hal/index.js';

/** GPIO lines as functions use them: each function those that it was granted. Given by whoever knows the hardware. */
export interface FunctionLines {
  /** Why a function cannot be granted these, one clause each; takes none of them. */
  problems(lines: readonly string[]): Promise<readonly string[]>;
  /** Takes the line as an input, if the function has not taken it. Rejects with the driver's error. */
  read(by: string, line: string): Promise<LineValue>;
  /** Takes the line as an output, if it is none. Rejects with the driver's error. */
  write(by: string, line: string, value: LineValue): Promise<void>;
  /** Gives back all that a function has taken; outputs become inactive. Never rejects. */
  release(by: string): Promise<void>;
}

/** A machine without any. */
export const NO_LINES: FunctionLines = {
  problems: async (lines) =>
    lines.length === 0 ? [] : ['GPIO lines are granted, but this core was given none'],
  read: () => Promise.reject(new Error('this core was given no GPIO lines')),
  write: () => Promise.reject(new Error('this core was given no GPIO lines')),
  release: async () => {},
};
