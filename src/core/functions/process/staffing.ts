import { randomBytes, randomUUID } from 'node:crypto';
import type { Clock, Log } from '../../../../hal/index.js';
import type { FunctionDefinition, ProcessRun } from '../definition.js';
import { FunctionError } from '../errors.js';
import type { Staffing } from '../hosted.js';
import type { FunctionLimits } from '../limits.js';
import type { FunctionLines } from '../lines.js';
import type { WorkerEvents } from '../work.js';
import { type Command, type CoreFacts, commandFor } from './command.js';
import type { Guard } from './guard.js';
import { codeDigest, runProblems } from './handler.js';
import type { LineLog } from './lines.js';
import type { MemoryLimit, MemoryLimits } from './memory/limit.js';
import { ProcessWorker } from './worker.js';

export interface ProcessStaffingOptions {
  readonly definition: FunctionDefinition;
  readonly run: ProcessRun;
  readonly interpreter: string;
  readonly facts: CoreFacts;
  readonly port: () => number;
  readonly credentials: boolean;
  readonly limits: FunctionLimits;
  readonly guard: Guard;
  readonly memory: MemoryLimits;
  readonly lines: LineLog;
  readonly gpio: FunctionLines;
  readonly log: Log;
  readonly clock: Clock;
  /** A process may use the local HTTP API with this token, until it has ended. */
  readonly admit: (token: string, worker: ProcessWorker) => () => void;
  readonly onOpen: (digest: string) => void;
}

/** Staff of a function in processes of its own. */
export function processStaffing(options: ProcessStaffingOptions): Staffing {
  const { definition, run, limits, clock, guard, memory, lines, gpio, log } = options;
  const { name } = definition;
  const confined = isConfined(run);
  let command: Command | undefined;
  const limited = new Set<MemoryLimit>();
  return {
    pinned: run.pinned,
    subjects: definition.subjects,
    async open() {
      const problems = [
        ...(await runProblems(run, options.interpreter)),
        ...(await gpio.problems(run.resources?.lines ?? [])),
      ];
      if (problems.length > 0) {
        throw new FunctionError('FUNCTION_DEFINITION', `function ${name}: ${problems.join('; ')}`);
      }
      if (confined === false) {
        log.warn(
          {},
          `${name} can reach more than the devices and folders that it was granted: it runs as the core's user; give it runAs`,
        );
      }
      options.onOpen(await codeDigest(definition));
      command = await commandFor({ ...options, port: options.port() });
    },
    hire(events) {
      if (command === undefined) throw new TypeError(`function ${name} was not opened`);
      const token = randomBytes(24).toString('base64url');
      const limit = memory.limit(name, run.memoryMb);
      limited.add(limit);
      let dismissToken = (): void => {};
      const told: WorkerEvents = {
        idle: () => events.idle(),
        ended: (ending) => {
          dismissToken();
          limited.delete(limit);
          // one that was idle had done its work: what it set stays
          if (ending.by !== 'idle') void gpio.release(name);
          events.ended(ending);
        },
      };
      const worker = new ProcessWorker({
        id: randomUUID(),
        command: { ...command, env: { ...command.env, AWS_CONTAINER_AUTHORIZATION_TOKEN: token } },
        timeoutMs: run.timeoutMs,
        startMs: run.pinned ? undefined : limits.startMs,
        limits,
        guard,
        memory: limit,
        lines,
        clock,
        events: told,
      });
      dismissToken = options.admit(token, worker);
      worker.start();
      return worker;
    },
    close: () => gpio.release(name),
    figures: () => {
      const bytes = [...limited].flatMap((limit) => limit.bytes ?? []);
      return {
        runtime: run.runtime,
        pinned: run.pinned,
        memoryLimitMb: run.memoryMb,
        memoryLimitBy: memory.by,
        ...(confined !== undefined && { confined }),
        ...(bytes.length > 0 && { memoryMb: megabytes(bytes.reduce((sum, one) => sum + one, 0)) }),
      };
    },
  };
}

/** Whether it can reach no other devices and folders than the granted ones and what everyone may; undefined: none are. */
function isConfined({ resources, runAs }: ProcessRun): boolean | undefined {
  const { devices = [], folders = [] } = resources ?? {};
  return devices.length + folders.length === 0 ? undefined : runAs !== undefined;
}

/** To a tenth. */
function megabytes(bytes: number): number {
  return Math.round((bytes / 1_048_576) * 10) / 10;
}
