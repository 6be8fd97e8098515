import type { Log } from '../../../hal/index.js';
import type { BrokerPort } from '../broker/contract.js';
import { BuiltinWorker } from './builtin-worker.js';
import type { BuiltinFunction, FunctionContext } from './contract.js';
import type { BuiltinRun } from './definition.js';
import type { Staffing } from './hosted.js';
import { type FunctionShadows, shadowCalls } from './shadows.js';

export interface BuiltinStaffingOptions {
  readonly name: string;
  readonly run: BuiltinRun;
  readonly port: BrokerPort;
  readonly shadows: FunctionShadows;
  readonly log: Log;
}

/** Staff of a builtin function: one worker in this process. */
export function builtinStaffing(options: BuiltinStaffingOptions): Staffing {
  const { name, run, port, shadows, log } = options;
  const fn: BuiltinFunction = run.make();
  const ending = new AbortController();
  const context: FunctionContext = {
    name,
    log,
    signal: ending.signal,
    publish: (topic, payload) =>
      port.publish({
        topic,
        qos: 1,
        payload: payload instanceof Uint8Array ? Buffer.from(payload) : JSON.stringify(payload),
      }),
    ...shadowCalls(shadows, name),
  };
  return {
    pinned: true,
    subjects: [...new Set(fn.subjects.map(({ subject }) => subject))],
    open: () => fn.start(context),
    hire(events) {
      const worker = new BuiltinWorker(name, fn, events, () =>
        ending.abort(new Error(`function ${name} is stopping`)),
      );
      worker.started();
      return worker;
    },
    close: async () => {
      ending.abort(new Error(`function ${name} is stopping`));
      await fn.stop();
    },
    figures: () => ({ builtin: run.builtin, ...fn.status() }),
  };
}
