import { onTestFinished } from 'vitest';
import type { AnyRoleDefinition, Role, RoleContext, RoleFault } from '../../devices/index.js';
import { MockBoard, MockDriver } from '../../hal/drivers/mock/index.js';
import { type JsonObject, type JsonValue, type Log, SILENT, VirtualClock } from '../../hal/index.js';
import { isJsonObject } from '../../hal/json.js';
import { compile } from '../../src/config/ajv.js';
import { parseDuration } from '../../src/config/duration.js';

/** A role on a mock board in virtual time, with neighbours that the test plays. */
export interface RoleRig {
  readonly role: Role;
  readonly context: RoleContext;
  readonly board: MockBoard;
  readonly clock: VirtualClock;
  readonly gpio: MockDriver;
  readonly neighbours: PlayedNeighbours;
  /** Every fault told by the role, undefined for "it is over". */
  readonly faults: (RoleFault | undefined)[];
  /** How often the role said that its state changed. */
  readonly changes: { count: number };
  readonly logged: { level: string; message: string; fields: object }[];
}

export interface RigSettings {
  readonly thing?: string;
  readonly options?: JsonObject;
  readonly board?: MockBoard;
  readonly clock?: VirtualClock;
  /** Changes the driver before the role gets it. */
  readonly gpio?: (driver: MockDriver) => MockDriver;
  readonly random?: () => number;
  /** Default true. */
  readonly start?: boolean;
}

export async function makeRole(definition: AnyRoleDefinition, settings: RigSettings = {}): Promise<RoleRig> {
  const clock = settings.clock ?? new VirtualClock();
  const board = settings.board ?? new MockBoard({ clock, historyLimit: 4096 });
  const plain = new MockDriver(board);
  const gpio = settings.gpio?.(plain) ?? plain;
  await plain.start(new AbortController().signal);
  const neighbours = new PlayedNeighbours();
  const faults: (RoleFault | undefined)[] = [];
  const changes = { count: 0 };
  const logged: RoleRig['logged'] = [];
  const context: RoleContext = {
    thing: settings.thing ?? 'Thing',
    gpio,
    clock,
    log: recordingLog(logged),
    neighbours,
    random: settings.random ?? (() => 0.5),
    changed: () => changes.count++,
    fault: (fault) => faults.push(fault),
  };
  const role = definition.create(effectiveOptions(definition, settings.options ?? {}), context);
  onTestFinished(() => role.stop());
  if (settings.start !== false) await role.start(new AbortController().signal);
  return { role, context, board, clock, gpio: plain, neighbours, faults, changes, logged };
}

/** Options as a role gets them: checked by the definition's own schema, defaults filled in, durations in ms. */
export function effectiveOptions(definition: AnyRoleDefinition, written: JsonObject): object {
  const schema = {
    type: 'object',
    properties: definition.options,
    required: definition.required,
    additionalProperties: false,
  };
  const options = structuredClone(written) as Record<string, JsonValue>;
  for (const [key, option] of Object.entries(definition.options)) {
    if (options[key] === undefined && option.default !== undefined) {
      options[key] = structuredClone(option.default) as JsonValue;
    }
  }
  const violations = compile(schema)(options);
  if (violations.length > 0) {
    throw new Error(violations.map((each) => `${each.instancePath} ${each.message}`).join('; '));
  }
  for (const [key, option] of Object.entries(definition.options)) {
    const value = options[key];
    if (option.format === 'duration' && typeof value === 'string')
      options[key] = parseDuration(value) ?? value;
  }
  return options;
}

/** The rest of the group, played by the test. */
export class PlayedNeighbours {
  readonly desired: { thing: string; state: JsonObject }[] = [];
  readonly published: { topic: string; payload: JsonValue }[] = [];
  /** Thrown by every desire and publish while set. */
  refusal: Error | undefined;
  /** Answers to `desire`; they wait for it. */
  gate: Promise<void> = Promise.resolve();
  readonly #followers = new Map<string, Set<(reported: JsonObject) => void>>();
  readonly #reported = new Map<string, JsonObject>();
  readonly #receivers = new Map<string, Set<(topic: string, payload: JsonValue) => void>>();

  async desire(thing: string, state: JsonObject): Promise<void> {
    if (this.refusal !== undefined) throw this.refusal;
    this.desired.push({ thing, state });
    await this.gate;
  }

  follow(thing: string, listener: (reported: JsonObject) => void): () => void {
    const followers = this.#followers.get(thing) ?? new Set();
    this.#followers.set(thing, followers.add(listener));
    const known = this.#reported.get(thing);
    if (known !== undefined) listener(known);
    return () => followers.delete(listener);
  }

  async publish(topic: string, payload: JsonValue): Promise<void> {
    if (this.refusal !== undefined) throw this.refusal;
    this.published.push({ topic, payload });
  }

  receive(filter: string, listener: (topic: string, payload: JsonValue) => void): () => void {
    const receivers = this.#receivers.get(filter) ?? new Set();
    this.#receivers.set(filter, receivers.add(listener));
    return () => receivers.delete(listener);
  }

  /** Another thing reports. */
  report(thing: string, reported: JsonObject): void {
    this.#reported.set(thing, reported);
    for (const follower of this.#followers.get(thing) ?? []) follower(reported);
  }

  /** A message arrives on a filter. */
  deliver(filter: string, topic: string, payload: JsonValue): void {
    for (const receiver of this.#receivers.get(filter) ?? []) receiver(topic, payload);
  }

  /** Listeners of both kinds that are still there. */
  get listeners(): number {
    const sets = [...this.#followers.values(), ...this.#receivers.values()];
    return sets.reduce((sum, each) => sum + each.size, 0);
  }

  /** The published payloads that are objects. */
  get payloads(): readonly JsonObject[] {
    return this.published.map((each) => each.payload).filter(isJsonObject);
  }
}

function recordingLog(lines: RoleRig['logged']): Log {
  const add =
    (level: string) =>
    (fields: object, message: string): void => {
      lines.push({ level, fields, message });
    };
  const log: Log = { ...SILENT, info: add('info'), warn: add('warn'), error: add('error'), child: () => log };
  return log;
}
