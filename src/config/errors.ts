import { CodedError } from '../../hal/index.js';

export type ConfigErrorCode =
  /** The configuration cannot be used; the message lists every problem with its path and line. */
  'CONFIG_INVALID';

/** One thing that is wrong with a configuration. */
export interface Problem {
  /** Where: `things[2].lines.green`; an environment variable's name; empty for the file as a whole. */
  readonly path: string;
  /** From 1; 0 when the cause is not in the file (missing file, environment). */
  readonly line: number;
  readonly column: number;
  /** What is wrong and what to do, in one sentence. */
  readonly message: string;
}

/** A configuration that cannot be used, with everything that is wrong with it. */
export class ConfigError extends CodedError {
  constructor(
    readonly code: ConfigErrorCode,
    readonly file: string,
    /** In the order of the file; never empty. */
    readonly problems: readonly Problem[],
  ) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super([`${file}: ${count}`, ...problems.map((problem) => formatProblem(file, problem))].join('\n'));
  }
}

/** `config/laptop.yaml:12:5 things[2].lines.green: …`, a form that editors and terminals turn into a link. */
export function formatProblem(file: string, problem: Problem): string {
  const place = problem.line > 0 ? `${file}:${problem.line}:${problem.column}` : file;
  return problem.path === '' ? `${place} ${problem.message}` : `${place} ${problem.path}: ${problem.message}`;
}
