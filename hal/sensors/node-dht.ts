/**
 * The package node-dht-sensor, in a child process of its own: it busy-waits with the processor to itself, and on a
 * machine without the hardware it is known to crash. A crash or hang there is an error here.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Clock } from '../clock.js';
import { HalError } from '../errors.js';
import type { ClimateModel } from './contract.js';
import type { ClimateValues } from './dht/frame.js';
import type { NodeDhtAnswer, NodeDhtQuestion } from './node-dht-child.js';
import type { ClimateSource } from './source.js';

/** A read takes a few ms, and the package retries by itself; longer is a hang. */
const ANSWER_LIMIT_MS = 10_000;
const EXIT_LIMIT_MS = 1_000;

export interface NodeDhtSettings {
  readonly model: ClimateModel;
  /** GPIO number. */
  readonly gpio: number;
  /** Values that the package gives in its own test mode, instead of touching hardware. */
  readonly fake?: ClimateValues;
  readonly clock: Clock;
  /** The child's program; default: the one beside this file. */
  readonly child?: { readonly path: string; readonly execArgv?: readonly string[] };
}

export function nodeDhtSource(settings: NodeDhtSettings): ClimateSource {
  return new NodeDhtSource(settings);
}

class NodeDhtSource implements ClimateSource {
  readonly name: string;
  #child: ChildProcess | undefined;
  #questions = 0;

  constructor(private readonly settings: NodeDhtSettings) {
    this.name = `${settings.model} on GPIO${settings.gpio} (node-dht-sensor)`;
  }

  read(signal: AbortSignal): Promise<ClimateValues> {
    const child = this.#running();
    const { model, gpio, fake, clock } = this.settings;
    const id = ++this.#questions;
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        limit.cancel();
        signal.removeEventListener('abort', onAbort);
        child.off('message', onMessage).off('exit', onExit);
        settle();
      };
      const fail = (why: string): void => end(() => reject(new HalError('HAL_SENSOR', why)));
      const onMessage = (answer: NodeDhtAnswer): void => {
        if (answer.id !== id) return;
        if ('values' in answer) end(() => resolve(answer.values));
        else if (answer.missing) {
          end(() => reject(new HalError('HAL_UNAVAILABLE', `${this.name}: ${answer.error}`)));
        } else fail(answer.error);
      };
      const onExit = (code: number | null, by: NodeJS.Signals | null): void =>
        fail(
          `its process ended (${by ?? `code ${code}`}); on a machine without /dev/gpiomem the package crashes`,
        );
      const onAbort = (): void => end(() => reject(signal.reason));
      const limit = clock.after(ANSWER_LIMIT_MS, () => {
        this.#kill();
        fail(`no answer within ${ANSWER_LIMIT_MS / 1_000} s; its process was ended`);
      });
      child.on('message', onMessage).on('exit', onExit);
      signal.addEventListener('abort', onAbort, { once: true });
      const question: NodeDhtQuestion = { id, model, gpio, ...(fake ? { fake } : {}) };
      child.send(question, (error) => {
        if (error) fail(`its process does not listen: ${error.message}`);
      });
    });
  }

  async close(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    // It ends when the channel closes; one that hangs in the package does not see that.
    child.disconnect();
    const limit = setTimeout(() => child.kill('SIGKILL'), EXIT_LIMIT_MS);
    await ended;
    clearTimeout(limit);
  }

  #running(): ChildProcess {
    if (this.#child?.connected) return this.#child;
    const { path, execArgv = [] } = this.settings.child ?? {
      path: new URL('./node-dht-child.js', import.meta.url).pathname,
    };
    const child = fork(path, { execArgv: [...execArgv], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    child.on('exit', () => {
      if (this.#child === child) this.#child = undefined;
    });
    // A child that cannot be started also exits; the read that waits for it learns it there.
    child.on('error', () => {});
    this.#child = child;
    return child;
  }

  #kill(): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }
}
