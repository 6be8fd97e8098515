import { type ChildProcess, spawn } from 'node:child_process';
import { type Clock, messageOf, type Timer } from '../../../../hal/index.js';
import type { FunctionLimits } from '../limits.js';
import { type Ending, failed, type Work, type Worker, type WorkerEvents, type WorkResult } from '../work.js';
import type { Command } from './command.js';
import type { Guard } from './guard.js';
import type { LineLog } from './lines.js';
import type { MemoryLimit } from './memory/limit.js';

/** Time in ms that the pipes of an ended process may still hold output. */
const PIPES_MS = 200;

export interface ProcessWorkerOptions {
  readonly id: string;
  readonly command: Command;
  readonly timeoutMs: number;
  /** Pinned: its module-level code may run as long as it likes before it asks for work. */
  readonly startMs: number | undefined;
  readonly limits: Pick<FunctionLimits, 'stopMs'>;
  readonly guard: Guard;
  readonly memory: MemoryLimit;
  readonly lines: LineLog;
  readonly clock: Clock;
  readonly events: WorkerEvents;
}

/** A request for work that waits for an answer. */
export interface Poll {
  answer(work: Work): void;
}

interface Running {
  readonly work: Work;
  readonly done: (result: WorkResult) => void;
  readonly timer: Timer;
}

/**
 * A function in a process of its own, the leader of a process group. It asks for work over the local HTTP API; it is
 * idle while it waits for the answer.
 */
export class ProcessWorker implements Worker {
  readonly id: string;
  #child: ChildProcess | undefined;
  #poll: Poll | undefined;
  #running: Running | undefined;
  #started = false;
  /** The process is gone; what ended it is still to be told. */
  #over = false;
  #ending: Ending | undefined;
  #by: NonNullable<Ending['by']> | undefined;
  #why = '';
  #starting: Timer | undefined;
  #killing: Timer | undefined;
  readonly #gone: Promise<void>;
  #onGone: () => void = () => {};

  constructor(private readonly options: ProcessWorkerOptions) {
    this.id = options.id;
    this.#gone = new Promise((resolve) => {
      this.#onGone = resolve;
    });
  }

  get state(): Worker['state'] {
    if (this.#over || this.#by !== undefined) return 'ended';
    if (this.#running !== undefined) return 'busy';
    if (this.#poll !== undefined) return 'idle';
    return this.#started ? 'between' : 'starting';
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    const { command, guard, memory, lines } = this.options;
    const { file, args, env, cwd } = memory.wrap(command);
    const child = spawn(file, args, {
      cwd,
      env: { ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#child = child;
    child.on('error', (error) => {
      // also told when a signal could not be sent; only a process that never was has no pid
      if (child.pid === undefined) void this.#end(`could not be started: ${messageOf(error)}`);
    });
    // `close` and not `exit`: what it printed last is in the log before its end is told; a grandchild that keeps the
    // pipes open is killed at `exit`
    child.on('exit', () => {
      this.#signal('SIGKILL');
      // one that left the group may hold the pipes for ever; real time, as the kernel's pipes know no other
      setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, PIPES_MS).unref();
    });
    child.on(
      'close',
      (code, signal) =>
        void this.#end(signal ? `was ended by ${signal}` : `exited with code ${code}`, signal),
    );
    if (child.stdout) lines.follow(child.stdout, 'info');
    if (child.stderr) lines.follow(child.stderr, 'warn');
    const { pid } = child;
    if (pid === undefined) return;
    guard.watch(pid);
    memory.started(pid, (why) => this.#kill('memory', why));
    this.#expectPoll();
  }

  run(work: Work): Promise<WorkResult> {
    const poll = this.#poll;
    if (poll === undefined || this.state !== 'idle') {
      return Promise.resolve(failed('Unhandled', `worker ${this.id} is not idle`));
    }
    const { timeoutMs, clock } = this.options;
    this.#poll = undefined;
    return new Promise((done) => {
      const timer = clock.after(timeoutMs, () =>
        this.#kill('timeout', `timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`),
      );
      this.#running = { work, done, timer };
      poll.answer(work);
    });
  }

  /** The process waits for work. */
  wait(poll: Poll): void {
    if (this.state === 'ended') return;
    this.#started = true;
    this.#starting?.cancel();
    this.#poll = poll;
    if (this.#running === undefined) this.options.events.idle();
  }

  /** The process no longer waits: the connection that asked is gone. */
  left(poll: Poll): void {
    if (this.#poll === poll) this.#poll = undefined;
  }

  /** The process says what came of an invocation. @returns false when it is not the one under way */
  finish(id: string, result: WorkResult): boolean {
    const running = this.#running;
    if (running?.work.id !== id) return false;
    this.#running = undefined;
    running.timer.cancel();
    running.done(result);
    if (this.#poll !== undefined) this.options.events.idle();
    else this.#expectPoll();
    return true;
  }

  /** The process says whether its module could be loaded; it ends by itself when not. */
  initialized(success: boolean, response: string): void {
    if (success) this.#starting?.cancel();
    else this.#why = response;
  }

  async stop(by: 'stop' | 'idle'): Promise<void> {
    this.#by ??= by;
    if (this.#child?.pid === undefined || this.#ending !== undefined) return;
    this.#signal('SIGTERM');
    this.#killing ??= this.options.clock.after(this.options.limits.stopMs, () => this.#signal('SIGKILL'));
    await this.#gone;
  }

  /** One that does not come for work would keep its invocations waiting for ever. */
  #expectPoll(): void {
    const { startMs, clock } = this.options;
    if (startMs === undefined) return;
    this.#starting?.cancel();
    this.#starting = clock.after(startMs, () =>
      this.#kill('start', `did not ask for work within ${startMs} ms`),
    );
  }

  #kill(by: NonNullable<Ending['by']>, why: string): void {
    if (this.#by !== undefined || this.#over) return;
    this.#by = by;
    this.#why = why;
    this.#signal('SIGKILL');
  }

  #signal(signal: NodeJS.Signals): void {
    const pid = this.#child?.pid;
    if (pid === undefined || this.#over) return;
    try {
      process.kill(-pid, signal);
    } catch (error) {
      // the group is gone already: what was wanted
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  async #end(how: string, signal?: NodeJS.Signals | null): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    const pid = this.#child?.pid;
    if (pid !== undefined) this.options.guard.release(pid);
    const tooMuch = await this.options.memory.ended();
    // a process that it started may have been the one that was ended, earlier
    if (tooMuch !== undefined && signal === 'SIGKILL' && this.#by === undefined) {
      this.#by = 'memory';
      this.#why = tooMuch;
    }
    const cause = this.#why === '' ? how : this.#by === undefined ? `${how}: ${this.#why}` : this.#why;
    this.#ending = { ...(this.#by !== undefined && { by: this.#by }), cause };
    this.#poll = undefined;
    this.#starting?.cancel();
    this.#killing?.cancel();
    const running = this.#running;
    this.#running = undefined;
    running?.timer.cancel();
    running?.done(failed('Unhandled', this.#by === 'timeout' ? `Task ${cause}` : `the function ${cause}`));
    this.options.events.ended(this.#ending);
    this.#onGone();
  }
}
