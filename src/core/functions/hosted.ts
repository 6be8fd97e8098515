import { randomUUID } from 'node:crypto';
import { type Clock, type JsonObject, type Log, messageOf, type Timer } from '../../../hal/index.js';
import type { PartStatus } from '../../status.js';
import type { BrokerPort, PortMessage } from '../broker/contract.js';
import { overlap } from '../group/index.js';
import { Counters } from './counters.js';
import type { FunctionLimits } from './limits.js';
import type { LineLog } from './process/lines.js';
import { WorkQueue } from './queue.js';
import type { Claimant, Slots } from './slots.js';
import { type Ending, failed, type Work, type Worker, type WorkerEvents, type WorkResult } from './work.js';

/** Where the workers of one function come from. */
export interface Staffing {
  /** One worker from start to stop; or as many as there is work for. */
  readonly pinned: boolean;
  /** Filters on which the function is invoked. */
  readonly subjects: readonly string[];
  /** Messages that come meanwhile wait. Rejects when the function cannot run. */
  open(): Promise<void>;
  /** A worker that starts now. */
  hire(events: WorkerEvents): Worker;
  /** After the last worker has ended; also after an open that failed. */
  close(): Promise<void>;
  figures(): JsonObject;
}

export interface HostedOptions {
  readonly name: string;
  readonly staffing: Staffing;
  readonly port: BrokerPort;
  readonly slots: Slots;
  readonly clock: Clock;
  readonly log: Log;
  readonly lines: LineLog;
  readonly limits: FunctionLimits;
}

/** Ends in a row after which a function counts as failed. */
const FAILED_AFTER = 3;
/** Time in ms after which a starting process no longer keeps others from starting. */
const GATE_MS = 3_000;

/** What the function knows of one worker. */
interface Staff {
  worker: Worker | undefined;
  /** By the monotonic clock, in ms; undefined while it works. */
  idleSince: number | undefined;
  idleTimer: Timer | undefined;
  asked: boolean;
  readonly began: number;
  leaveGate: () => void;
}

/**
 * One function of the group, wherever its handlers run: it is handed its messages, in order, by one worker or by
 * several. An invocation that fails is an error of that invocation, counted and logged; the function goes on.
 */
export class HostedFunction implements Claimant {
  readonly name: string;
  readonly #options: HostedOptions;
  readonly #queue: WorkQueue;
  readonly #counters = new Counters();
  readonly #staff = new Set<Staff>();
  readonly #subscribed = new Map<string, () => void>();
  #phase: 'new' | 'opening' | 'open' | 'failed' | 'stopped' = 'new';
  /** Why it cannot run. */
  #failure: string | undefined;
  /** What became of the last invocation, when that is no good. */
  #lastError: string | undefined;
  /** How the last worker ended, until another asks for work. */
  #lastEnd: string | undefined;
  #ends = 0;
  #restart: Timer | undefined;
  /** Two of its filters can match one topic: such a message comes twice, and is taken once. */
  #overlapping = false;
  #last: PortMessage | undefined;

  constructor(options: HostedOptions) {
    this.name = options.name;
    this.#options = options;
    this.#queue = new WorkQueue(options.name, options.limits.queued);
  }

  /** @throws whatever keeps it from running; it then takes no messages and says so in its status */
  async start(): Promise<void> {
    const { staffing, slots } = this.#options;
    this.#phase = 'opening';
    this.receive(staffing.subjects);
    try {
      await staffing.open();
    } catch (error) {
      this.#phase = 'failed';
      this.#failure = messageOf(error);
      this.receive([]);
      this.#counters.dropped += this.#queue.clear(this.#failure);
      throw error;
    }
    this.#phase = 'open';
    if (staffing.pinned) this.#hire();
    else slots.join(this);
    this.#pump();
  }

  /** Ends its workers. What still waits is given up and counted. */
  async stop(): Promise<void> {
    const { staffing, slots, log } = this.#options;
    const before = this.#phase;
    if (before === 'new' || before === 'stopped') return;
    this.#phase = 'stopped';
    this.receive([]);
    this.#restart?.cancel();
    slots.leave(this);
    const lost = this.#queue.clear(`function ${this.name} was stopped`);
    this.#counters.dropped += lost;
    if (lost > 0)
      log.warn({ dropped: lost }, `${lost} invocations still waited when the function was stopped`);
    await Promise.all([...this.#staff].map((staff) => this.#dismiss(staff, 'stop')));
    await staffing.close();
  }

  /** Changes the filters on which it receives, without ending anything. */
  receive(filters: readonly string[]): void {
    this.#overlapping = filters.some((filter, at) =>
      filters.slice(at + 1).some((other) => overlap(filter, other)),
    );
    for (const [filter, unsubscribe] of this.#subscribed) {
      if (filters.includes(filter)) continue;
      unsubscribe();
      this.#subscribed.delete(filter);
    }
    for (const filter of filters) {
      if (this.#subscribed.has(filter)) continue;
      this.#subscribed.set(
        filter,
        this.#options.port.subscribe(filter, (message) => this.#onMessage(message)),
      );
    }
  }

  /** Runs it with this payload and resolves with what came of it. @throws {FunctionError} FUNCTION_QUEUE_FULL */
  invoke(work: Omit<Work, 'id'>): Promise<WorkResult> {
    return new Promise((resolve, reject) => {
      const refused = this.#accept({ ...work, id: randomUUID() }, resolve);
      if (refused) reject(refused);
    });
  }

  status(): PartStatus {
    const { staffing } = this.#options;
    const figures = {
      ...staffing.figures(),
      ...this.#counters.figures(),
      queued: this.#queue.length,
      workers: this.#staff.size,
    };
    const cause = this.#failure ?? this.#lastEnd ?? this.#lastError;
    const hopeless =
      this.#failure !== undefined || (this.#lastEnd !== undefined && this.#ends >= FAILED_AFTER);
    const state = cause === undefined ? 'ok' : hopeless ? 'failed' : 'degraded';
    return { name: this.name, kind: 'function', state, ...(cause !== undefined && { cause }), figures };
  }

  get idleSince(): number | undefined {
    let longest: number | undefined;
    for (const { idleSince } of this.#staff) {
      if (idleSince !== undefined && (longest === undefined || idleSince < longest)) longest = idleSince;
    }
    return longest;
  }

  yieldOne(): boolean {
    const longest = this.idleSince;
    for (const staff of this.#staff) {
      if (longest === undefined || staff.idleSince !== longest) continue;
      void this.#dismiss(staff, 'idle');
      return true;
    }
    return false;
  }

  roomMade(): void {
    this.#pump();
  }

  #onMessage(message: PortMessage): void {
    const { topic, from, payload } = message;
    if (this.#overlapping && isSame(message, this.#last)) return;
    this.#last = this.#overlapping ? message : undefined;
    const work = { id: randomUUID(), payload, context: { custom: { subject: topic, source: from } } };
    this.#accept(work, () => {});
  }

  #accept(work: Work, done: (result: WorkResult) => void): Error | undefined {
    this.#counters.invocations += 1;
    const refused = this.#queue.add({ work, done });
    if (refused) this.#counters.dropped += 1;
    else if (this.#phase === 'failed' || this.#phase === 'stopped') {
      this.#counters.dropped += this.#queue.clear(this.#failure ?? `function ${this.name} was stopped`);
    } else this.#pump();
    return refused;
  }

  #pump(): void {
    if (this.#phase !== 'open') return;
    for (const staff of this.#staff) {
      if (this.#queue.length === 0) return;
      if (staff.worker?.state === 'idle') void this.#run(staff, staff.worker);
    }
    if (this.#options.staffing.pinned || this.#restart !== undefined) return;
    let coming = 0;
    for (const { worker } of this.#staff) {
      if (worker === undefined || worker.state === 'starting' || worker.state === 'between') coming += 1;
    }
    while (coming < this.#queue.length && this.#options.slots.take(this)) {
      this.#hire();
      coming += 1;
    }
  }

  async #run(staff: Staff, worker: Worker): Promise<void> {
    const waiting = this.#queue.take();
    if (waiting === undefined) return;
    staff.idleSince = undefined;
    staff.idleTimer?.cancel();
    this.#counters.running += 1;
    const result = await worker.run(waiting.work);
    this.#counters.running -= 1;
    this.#counters.result(result);
    if (result.ok) {
      this.#lastError = undefined;
      this.#lastEnd = undefined;
      this.#ends = 0;
    } else {
      const on = waiting.work.context.custom?.subject;
      this.#lastError = `the last invocation${typeof on === 'string' ? `, on ${on},` : ''} failed: ${result.message}`;
      this.#options.lines.write(this.#lastError, 'error');
    }
    waiting.done(result);
  }

  #hire(): void {
    const { staffing, slots, clock, limits } = this.#options;
    this.#restart = undefined;
    const staff: Staff = {
      worker: undefined,
      idleSince: undefined,
      idleTimer: undefined,
      asked: false,
      began: this.#nowMs(),
      leaveGate: () => {},
    };
    this.#staff.add(staff);
    const events: WorkerEvents = {
      idle: () => {
        staff.asked = true;
        staff.leaveGate();
        this.#lastEnd = undefined;
        staff.idleSince = this.#nowMs();
        if (!staffing.pinned) {
          staff.idleTimer?.cancel();
          staff.idleTimer = clock.after(limits.idleMs, () => void this.#dismiss(staff, 'idle'));
        }
        this.#pump();
        if (staff.idleSince !== undefined && !staffing.pinned) slots.idle(this);
      },
      ended: (ending) => this.#onEnded(staff, ending),
    };
    const leave = slots.enter(() => {
      if (this.#staff.has(staff)) staff.worker = staffing.hire(events);
    });
    const late = clock.after(GATE_MS, leave);
    staff.leaveGate = () => {
      late.cancel();
      leave();
    };
    if (staff.asked || !this.#staff.has(staff)) staff.leaveGate();
  }

  async #dismiss(staff: Staff, by: 'stop' | 'idle'): Promise<void> {
    staff.idleSince = undefined;
    staff.idleTimer?.cancel();
    if (staff.worker !== undefined) await staff.worker.stop(by);
    else this.#onEnded(staff, { by, cause: 'was stopped' });
  }

  #onEnded(staff: Staff, ending: Ending): void {
    const { staffing, slots, clock, limits, lines } = this.#options;
    if (!this.#staff.delete(staff)) return;
    staff.leaveGate();
    staff.idleTimer?.cancel();
    this.#counters.ending(ending);
    if (
      ending.by === undefined ||
      ending.by === 'memory' ||
      ending.by === 'timeout' ||
      ending.by === 'start'
    ) {
      lines.write(`the process ${ending.cause}`, 'error');
      this.#lastEnd = `its process ${ending.cause}`;
      this.#ends = this.#nowMs() - staff.began >= limits.restart.maxMs ? 1 : this.#ends + 1;
      if (!staff.asked && !staffing.pinned) this.#giveUpOne(ending);
      // one that had come to work is started again when there is work
      if (this.#phase === 'open' && (staffing.pinned || !staff.asked)) this.#restartLater(clock);
    }
    // last: it lets others, and this one too, take the place
    if (!staffing.pinned) slots.give();
    this.#pump();
  }

  /** A function that cannot start must not keep its invocations waiting for ever. */
  #giveUpOne({ cause }: Ending): void {
    const waiting = this.#queue.take();
    if (waiting === undefined) return;
    const result = failed('Unhandled', `the function could not start: its process ${cause}`);
    this.#counters.result(result);
    waiting.done(result);
  }

  #restartLater(clock: Clock): void {
    const { staffing, limits } = this.#options;
    const { firstMs, maxMs } = limits.restart;
    this.#restart?.cancel();
    this.#restart = clock.after(Math.min(maxMs, firstMs * 2 ** Math.min(this.#ends - 1, 20)), () => {
      this.#counters.restarts += 1;
      this.#restart = undefined;
      if (staffing.pinned) this.#hire();
      else this.#pump();
    });
  }

  #nowMs(): number {
    return Number(this.#options.clock.monotonicNs() / 1_000_000n);
  }
}

/** The broker hands the copies of one message over one after the other, with the same bytes. */
function isSame(message: PortMessage, last: PortMessage | undefined): boolean {
  return message.payload === last?.payload && message.topic === last.topic && message.payload.length > 0;
}
