import { type Clock, type JsonValue, type Log, messageOf } from '../../../hal/index.js';
import type { Service } from '../../lifecycle.js';
import type { PartStatus } from '../../status.js';
import type { BrokerPort } from '../broker/contract.js';
import type { ApiCalls, Caller, WorkerHealth } from './api/calls.js';
import { FunctionApi } from './api/server.js';
import { functionArn } from './arn.js';
import { builtinStaffing } from './builtin-staffing.js';
import { type FunctionDefinition, type FunctionRuntime, fingerprint } from './definition.js';
import { FunctionError } from './errors.js';
import { HostedFunction, type Staffing } from './hosted.js';
import { FUNCTION_LIMITS, type FunctionLimits } from './limits.js';
import { type FunctionLines, NO_LINES } from './lines.js';
import type { CoreFacts } from './process/command.js';
import { Guard } from './process/guard.js';
import { codeDigest, runProblems } from './process/handler.js';
import { LineLog } from './process/lines.js';
import { MemoryLimits } from './process/memory/limit.js';
import { processStaffing } from './process/staffing.js';
import type { ProcessWorker } from './process/worker.js';
import { type FunctionShadows, shadowRequest } from './shadows.js';
import { Slots } from './slots.js';
import type { ClientContext, WorkResult } from './work.js';

export interface FunctionManagerOptions {
  readonly functions: readonly FunctionDefinition[];
  /** A port of the broker under the function's name; the manager closes it. */
  readonly port: (name: string) => BrokerPort;
  readonly shadows: FunctionShadows;
  readonly clock: Clock;
  readonly log: Log;
  readonly facts: CoreFacts;
  /** Of the local HTTP API. Default 0: any. Greengrass V1 has 8000. */
  readonly httpPort?: number;
  readonly limits?: Partial<FunctionLimits>;
  /** Commands that run the functions; default `python3`, and the Node that runs the core. */
  readonly interpreters?: Partial<Readonly<Record<FunctionRuntime, string>>>;
  /** GPIO lines for functions that are granted some; absent: there are none. */
  readonly lines?: FunctionLines;
  /** `watch`: memory is watched even where this process may make cgroups. */
  readonly memoryBy?: 'watch';
  /** AWS credentials in the form of the ECS credential endpoint, for a function. Absent: there are none. */
  readonly credentials?: (name: string) => Promise<JsonValue>;
}

/** What {@link FunctionManager.replace} did, by function name. */
export interface FunctionChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Ended and started anew. */
  readonly restarted: readonly string[];
  /** Go on as they are, with other messages. */
  readonly resubscribed: readonly string[];
}

interface Entry {
  readonly definition: FunctionDefinition;
  readonly hosted: HostedFunction;
  readonly port: BrokerPort;
  /** Of the code that it started with. */
  digest: string;
}

/** Runs the functions of a group, builtin ones and those in processes of their own. */
export class FunctionManager implements Service {
  readonly name = 'functions';
  readonly #options: FunctionManagerOptions;
  readonly #limits: FunctionLimits;
  readonly #lines: FunctionLines;
  readonly #slots: Slots;
  readonly #guard: Guard;
  readonly #memory: MemoryLimits;
  readonly #api: FunctionApi;
  readonly #entries = new Map<string, Entry>();
  readonly #callers = new Map<string, Caller>();
  #running = false;
  #ready = false;
  /** Replacements follow one another. */
  #replacing: Promise<unknown> = Promise.resolve();

  constructor(options: FunctionManagerOptions) {
    this.#options = options;
    this.#limits = { ...FUNCTION_LIMITS, ...options.limits };
    this.#lines = options.lines ?? NO_LINES;
    this.#slots = new Slots(this.#limits);
    this.#guard = new Guard(options.log);
    this.#memory = new MemoryLimits({
      clock: options.clock,
      log: options.log,
      everyMs: this.#limits.memoryEveryMs,
      ...(options.memoryBy && { by: options.memoryBy }),
    });
    this.#api = new FunctionApi({
      calls: this.#calls(),
      port: options.httpPort ?? 0,
      limits: this.#limits,
      log: options.log,
    });
  }

  /** Port of the local HTTP API; 0 while no function runs in a process of its own. */
  get httpPort(): number {
    return this.#api.port;
  }

  /**
   * A function of someone's own that cannot run does not keep the others from running: its status says why.
   * @throws {FunctionError} FUNCTION_API; whatever a builtin function's start throws
   */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#running = true;
    await this.#readyFor(this.#options.functions);
    for (const definition of this.#options.functions) {
      signal.throwIfAborted();
      await this.#add(definition);
    }
  }

  /** Ends every function with all its processes. */
  async stop(): Promise<void> {
    this.#running = false;
    await this.#replacing;
    const stops = await Promise.allSettled([...this.#entries.keys()].map((name) => this.#remove(name)));
    await this.#memory.stop();
    await this.#api.stop();
    this.#guard.stop();
    const failures = stops.flatMap((stop) => (stop.status === 'rejected' ? [stop.reason as unknown] : []));
    if (failures.length > 0) throw new AggregateError(failures, failures.map(messageOf).join('; '));
  }

  /** Why functions cannot run on this machine, one sentence each; changes nothing. */
  async check(functions: readonly FunctionDefinition[]): Promise<readonly string[]> {
    const problems: string[] = [];
    for (const { name, runs } of functions) {
      if (runs.kind === 'builtin') continue;
      const found = [
        ...(await runProblems(runs, this.#interpreter(runs.runtime))),
        ...(await this.#lines.problems(runs.resources?.lines ?? [])),
      ];
      problems.push(...found.map((problem) => `function ${name}: ${problem}`));
    }
    return problems;
  }

  /**
   * Puts other functions in the place of the present ones. One whose definition and code are the same goes on; one
   * that only receives other messages is not restarted.
   * @throws {FunctionError} FUNCTION_DEFINITION before anything is changed; FUNCTION_STOPPED; whatever a builtin throws
   */
  replace(functions: readonly FunctionDefinition[]): Promise<FunctionChange> {
    const change = this.#replacing.then(() => this.#replace(functions));
    this.#replacing = change.catch(() => {});
    return change;
  }

  /**
   * Invokes a function and resolves with what came of it.
   * @throws {FunctionError} FUNCTION_UNKNOWN, FUNCTION_QUEUE_FULL
   */
  invoke(name: string, payload: Buffer, context: ClientContext = {}): Promise<WorkResult> {
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      return Promise.reject(new FunctionError('FUNCTION_UNKNOWN', `the group has no function ${name}`));
    }
    return entry.hosted.invoke({ payload, context });
  }

  /** Brings the memory in `status` up to date. Cheap: at most once a second it does anything. */
  measure(): Promise<void> {
    return this.#memory.measure();
  }

  /** Memory is as it was last measured; who asks again and again need not call {@link measure} before. */
  status(): readonly PartStatus[] {
    void this.measure();
    return [...this.#entries.values()].map(({ hosted }) => hosted.status());
  }

  async #replace(functions: readonly FunctionDefinition[]): Promise<FunctionChange> {
    if (!this.#running) throw new FunctionError('FUNCTION_STOPPED', 'the functions are not running');
    const problems = await this.check(functions);
    if (problems.length > 0) throw new FunctionError('FUNCTION_DEFINITION', problems.join('; '));
    await this.#readyFor(functions);
    const plan = await this.#plan(functions);
    const { removed, restarted, fresh } = plan;
    await Promise.all([...removed, ...restarted].map((name) => this.#remove(name)));
    for (const definition of functions) {
      const entry = this.#entries.get(definition.name);
      if (entry === undefined) await this.#add(definition);
      else if (plan.resubscribed.includes(definition.name)) {
        if (definition.runs.kind === 'process') entry.hosted.receive(definition.subjects);
        this.#entries.set(definition.name, { ...entry, definition });
      }
    }
    return { added: fresh, removed, restarted, resubscribed: plan.resubscribed };
  }

  /** What processes need. A core with builtin functions only opens no port and starts no guard. */
  async #readyFor(functions: readonly FunctionDefinition[]): Promise<void> {
    if (this.#ready || functions.every(({ runs }) => runs.kind === 'builtin')) return;
    await this.#api.start();
    await this.#memory.start();
    this.#guard.start(this.#memory.prefix);
    this.#ready = true;
  }

  async #plan(functions: readonly FunctionDefinition[]): Promise<{
    readonly removed: readonly string[];
    readonly restarted: readonly string[];
    readonly resubscribed: readonly string[];
    readonly fresh: readonly string[];
  }> {
    const wanted = new Set(functions.map(({ name }) => name));
    const removed = [...this.#entries.keys()].filter((name) => !wanted.has(name));
    const restarted: string[] = [];
    const resubscribed: string[] = [];
    const fresh: string[] = [];
    for (const definition of functions) {
      const { name, subjects } = definition;
      const entry = this.#entries.get(name);
      if (entry === undefined) fresh.push(name);
      else if (!(await isSame(entry, definition))) restarted.push(name);
      else if (subjects.join('\n') !== entry.definition.subjects.join('\n')) resubscribed.push(name);
    }
    return { removed, restarted, resubscribed, fresh };
  }

  async #add(definition: FunctionDefinition): Promise<void> {
    const { clock, log } = this.#options;
    const { name, runs } = definition;
    const own = log.child({ function: name });
    const lines = new LineLog({ log: own, clock, perSecond: this.#limits.linesPerSecond });
    const port = this.#options.port(name);
    const staffing = this.#staffing(definition, { port, log: own, lines });
    const hosted = new HostedFunction({
      name,
      staffing,
      port,
      slots: this.#slots,
      clock,
      log: own,
      lines,
      limits: this.#limits,
    });
    this.#entries.set(name, { definition, hosted, port, digest: '' });
    try {
      await hosted.start();
    } catch (error) {
      if (runs.kind === 'builtin') throw error;
      own.error({ code: (error as { code?: string }).code }, messageOf(error));
    }
  }

  #staffing(
    definition: FunctionDefinition,
    parts: { readonly port: BrokerPort; readonly log: Log; readonly lines: LineLog },
  ): Staffing {
    const { clock, facts, shadows, credentials } = this.#options;
    const { name, runs } = definition;
    if (runs.kind === 'builtin') return builtinStaffing({ name, run: runs, shadows, ...parts });
    return processStaffing({
      definition,
      run: runs,
      interpreter: this.#interpreter(runs.runtime),
      facts,
      port: () => this.#api.port,
      credentials: credentials !== undefined,
      limits: this.#limits,
      guard: this.#guard,
      memory: this.#memory,
      lines: parts.lines,
      gpio: this.#lines,
      log: parts.log,
      clock,
      admit: (token, worker) => this.#admit(token, { definition, worker, lines: parts.lines }),
      onOpen: (digest) => {
        const entry = this.#entries.get(name);
        if (entry) entry.digest = digest;
      },
    });
  }

  #admit(
    token: string,
    of: { readonly definition: FunctionDefinition; readonly worker: ProcessWorker; readonly lines: LineLog },
  ): () => void {
    const { name, runs } = of.definition;
    const granted = (runs.kind === 'process' && runs.resources?.lines) || [];
    const log = (line: string): void => {
      for (const part of line.split('\n')) of.lines.write(part, 'info');
    };
    this.#callers.set(token, { name, worker: of.worker, lines: granted, results: new Map(), log });
    return () => this.#callers.delete(token);
  }

  async #remove(name: string): Promise<void> {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    try {
      await entry.hosted.stop();
    } finally {
      entry.port.close();
      this.#entries.delete(name);
    }
  }

  #interpreter(runtime: FunctionRuntime): string {
    return this.#options.interpreters?.[runtime] ?? (runtime === 'python3' ? 'python3' : process.execPath);
  }

  #calls(): ApiCalls {
    const { shadows, clock, credentials } = this.#options;
    return {
      lines: this.#lines,
      caller: (token) => this.#callers.get(token),
      publish: async (from, topic, payload) => {
        await this.#entries.get(from)?.port.publish({ topic, payload, qos: 1 });
      },
      shadow: (by, topic, payload) =>
        shadowRequest(shadows, { topic, payload, by, timestamp: Math.floor(clock.now() / 1000) }),
      invoke: (name, payload, context) => this.invoke(name, payload, context),
      credentials: async (name) => credentials?.(name),
      health: (name) => (name === undefined || this.#entries.has(name) ? this.#health(name) : undefined),
    };
  }

  #health(name: string | undefined): readonly WorkerHealth[] {
    return [...this.#callers.values()]
      .filter((caller) => name === undefined || caller.name === name)
      .map(({ name: of, worker }) => ({
        FuncArn: functionArn(of),
        WorkerId: worker.id,
        ProcessId: String(worker.pid ?? ''),
        WorkerState: WORDS[worker.state],
      }));
  }
}

/** The V1 health API's words. */
const WORDS = {
  starting: 'Starting',
  idle: 'Waiting',
  busy: 'Working',
  between: 'Working',
  ended: 'Terminated',
} as const;

async function isSame(entry: Entry, definition: FunctionDefinition): Promise<boolean> {
  if (fingerprint(entry.definition) !== fingerprint(definition)) return false;
  // one that could not run gets another chance
  if (entry.hosted.status().state === 'failed') return false;
  return entry.digest === (await codeDigest(definition));
}
