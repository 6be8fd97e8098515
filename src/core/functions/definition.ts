/** What a group says of a function. */
import type { FunctionConfig } from '../../config/model.js';
import { OWN_NAME, type SubscriptionRow } from '../group/index.js';
import type { BuiltinFunction } from './contract.js';

export interface FunctionDefinition {
  /** `[a-zA-Z0-9_-]{1,64}`; also its name in the subscription table. */
  readonly name: string;
  /** Filters on which it receives messages; see {@link subjectsOf}. A builtin function names its own. */
  readonly subjects: readonly string[];
  readonly runs: BuiltinRun | ProcessRun;
}

/** In the core's process. */
export interface BuiltinRun {
  readonly kind: 'builtin';
  readonly builtin: string;
  /** JSON: a change makes a new function. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly make: () => BuiltinFunction;
}

/** In a process of its own. */
export interface ProcessRun {
  readonly kind: 'process';
  /** Absolute `path/module.function`. */
  readonly handler: string;
  readonly runtime: FunctionRuntime;
  /** Runs from start to stop, one invocation at a time. Otherwise started when invoked, several at once. */
  readonly pinned: boolean;
  /** Megabytes (2^20) of memory of its own. */
  readonly memoryMb: number;
  readonly timeoutMs: number;
  readonly encoding: 'json' | 'binary';
  readonly environment: Readonly<Record<string, string>>;
  readonly resources?: FunctionResources;
  /** Needs root. */
  readonly runAs?: { readonly uid: number; readonly gid: number };
}

export type FunctionRuntime = 'python3' | 'nodejs';

/** What of this machine a function is meant to use. Checked before it starts; told to it in GREENLIGHT_RESOURCES. */
export interface FunctionResources {
  /** GPIO lines, by name. */
  readonly lines?: readonly string[];
  /** Device files. With `runAs`, the function joins the group that owns each. */
  readonly devices?: readonly string[];
  readonly folders?: readonly { readonly path: string; readonly access: 'ro' | 'rw' }[];
}

/** @param make the builtin's instance; only called for `builtin:` */
export function functionDefinition(
  config: FunctionConfig,
  rows: readonly SubscriptionRow[],
  make: (config: FunctionConfig) => BuiltinFunction,
): FunctionDefinition {
  const { name, builtin, options, handler, runtime } = config;
  if (builtin !== undefined) {
    return { name, subjects: [], runs: { kind: 'builtin', builtin, options, make: () => make(config) } };
  }
  if (handler === undefined || runtime === undefined) {
    throw new TypeError(`function ${name} has neither builtin nor handler and runtime`);
  }
  const { pinned, memoryMb, timeoutMs, encoding, environment, resources, runAs } = config;
  return {
    name,
    subjects: subjectsOf(name, rows),
    runs: {
      kind: 'process',
      handler,
      runtime,
      pinned,
      memoryMb,
      timeoutMs,
      encoding,
      environment,
      ...(resources && { resources }),
      ...(runAs && { runAs }),
    },
  };
}

/**
 * The filters by which a function gets what the table's rows let reach it, without those that others cover. They may
 * let more in: the broker's policy decides each message.
 */
export function subjectsOf(name: string, rows: readonly SubscriptionRow[]): readonly string[] {
  const filters = new Set<string>();
  for (const { target, subject } of rows) if (target === name) filters.add(subject.replaceAll(OWN_NAME, '+'));
  const all = [...filters];
  return all.filter((filter) => !all.some((other) => other !== filter && covers(other, filter))).sort();
}

/** Every topic that `narrow` matches, `wide` matches. */
function covers(wide: string, narrow: string): boolean {
  const outer = wide.split('/');
  const inner = narrow.split('/');
  // a wildcard at the start does not stand for a topic that begins with $
  if (narrow.startsWith('$') && !wide.startsWith('$')) return false;
  for (const [at, level] of inner.entries()) {
    if (outer[at] === '#') return true;
    if (level === '#' || outer[at] === undefined) return false;
    if (outer[at] !== '+' && outer[at] !== level) return false;
  }
  // `a/#` matches `a` too
  const rest = outer.slice(inner.length);
  return rest.length === 0 || (rest.length === 1 && rest[0] === '#');
}

/** Equal for functions that run the same; what they receive is not part of it. */
export function fingerprint({ name, runs }: FunctionDefinition): string {
  const { make, ...rest } = { make: undefined, ...runs };
  return JSON.stringify([name, rest]);
}
