import { isDeepStrictEqual } from 'node:util';
import type { Role, RoleFault } from '../../devices/contract.js';
import {
  type Clock,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type Log,
  messageOf,
} from '../../hal/index.js';
import { patchBetween } from './patch.js';
import type { ShadowClient } from './shadow-client.js';

export interface BindingOptions {
  readonly thing: string;
  readonly role: Role;
  readonly shadow: ShadowClient;
  readonly clock: Clock;
  readonly log: Log;
  /** Told after the role was asked to do something, before it is reported. */
  readonly onApplied: () => void;
}

/** Wait in ms before a report that failed is tried again while the connection holds. */
const RETRY_MS = 2_000;

/**
 * Binds a role to its thing's shadow: what `desired` asks reaches the role, what the role says reaches `reported`, and
 * nothing is reported that was not done. One step at a time; of several waiting deltas only the newest counts, since
 * each carries everything that is still different.
 */
export class ShadowBinding {
  /** `reported` as the service has it; undefined when that is not known for certain. */
  #known: JsonObject | undefined;
  /** What `desired` asked last, whole; kept to see what a change of ours still leaves undone. */
  #wanted: JsonObject | undefined;
  #version = 0;
  #online = false;
  #dirty = false;
  #working: Promise<void> | undefined;
  #fault: RoleFault | undefined;
  #ownFault: RoleFault | undefined;
  #stopped = false;

  constructor(private readonly options: BindingOptions) {}

  /** Begins to listen for deltas; call before the link starts. */
  open(): void {
    this.options.shadow.onDelta((delta, version, own) => {
      // an older delta than what is known would undo a newer wish
      if (version <= this.#version) return;
      this.#version = version;
      // our own report repeats what is still asked: trying again what just failed would never end
      if (own) return;
      this.#wanted = delta;
      this.#work();
    });
  }

  /** After (re)connect, subscriptions acknowledged: fetches the document, does what it asks, reports what is true. */
  async reconcile(): Promise<void> {
    const document = await this.options.shadow.get();
    this.#version = document?.version ?? 0;
    this.#known = document?.state.reported ?? {};
    // not the delta, which compares with what was reported before: a role that starts anew is in its safe state
    this.#wanted = document?.state.desired;
    this.#online = true;
    this.#dirty = true;
    await this.#work();
  }

  /** The connection is gone: what the service knows of us is uncertain until the next {@link reconcile}. */
  lost(): void {
    this.#online = false;
    this.#known = undefined;
  }

  /** The role's state changed. */
  changed(): void {
    this.#dirty = true;
    this.#work();
  }

  /** A fault that no request caused, or its end. */
  fault(fault: RoleFault | undefined): void {
    this.#ownFault = fault;
    this.changed();
  }

  stop(): void {
    this.#stopped = true;
  }

  /** What went wrong last and still stands. */
  get standingFault(): RoleFault | undefined {
    return this.#ownFault ?? this.#fault;
  }

  #work(): Promise<void> {
    this.#working ??= this.#steps().finally(() => {
      this.#working = undefined;
    });
    return this.#working;
  }

  async #steps(): Promise<void> {
    // one turn later: changes of one turn go together
    await Promise.resolve();
    while (this.#online && !this.#stopped && (this.#wanted !== undefined || this.#dirty)) {
      const wanted = this.#wanted;
      this.#wanted = undefined;
      this.#dirty = false;
      if (wanted !== undefined) await this.#apply(wanted);
      await this.#report();
    }
  }

  async #apply(delta: JsonObject): Promise<void> {
    const { role, log, thing } = this.options;
    const state = role.state();
    const asked = Object.fromEntries(
      Object.entries(delta).filter(([key, value]) => !isDeepStrictEqual(value, state[key])),
    );
    if (Object.keys(asked).length === 0) {
      this.#fault = undefined;
      return;
    }
    try {
      this.#fault = role.apply
        ? await role.apply(asked)
        : {
            code: 'DEVICE_UNKNOWN_PROPERTY',
            message: `${thing} only reports; it has no property that can be desired`,
          };
    } catch (error) {
      const { code } = error as { code?: unknown };
      this.#fault = { code: typeof code === 'string' ? code : 'DEVICE_FAILED', message: messageOf(error) };
    }
    this.options.onApplied();
    if (this.#fault)
      log.warn({ code: this.#fault.code, property: this.#fault.property }, this.#fault.message);
  }

  async #report(): Promise<void> {
    const { shadow, log, clock } = this.options;
    const truth = this.#truth();
    const patch = patchBetween(this.#known ?? {}, truth);
    if (patch === undefined) return;
    try {
      const version = await shadow.update({ reported: patch });
      this.#version = Math.max(this.#version, version);
      this.#known = truth;
    } catch (error) {
      this.#known = undefined;
      if (!this.#online || this.#stopped) return;
      log.warn(
        { code: (error as { code?: string }).code },
        `reporting failed, tried again in ${RETRY_MS / 1000} s: ${messageOf(error)}`,
      );
      clock.after(RETRY_MS, () => {
        if (!this.#online || this.#stopped) return;
        this.#refresh().catch((cause) => log.warn({}, `reading the shadow failed: ${messageOf(cause)}`));
      });
    }
  }

  async #refresh(): Promise<void> {
    const document = await this.options.shadow.get();
    this.#known = document?.state.reported ?? {};
    this.#wanted = document?.state.delta ?? this.#wanted;
    this.#dirty = true;
    await this.#work();
  }

  #truth(): JsonObject {
    const state: Record<string, JsonValue> = { ...this.options.role.state() };
    const fault = this.standingFault;
    if (fault) state.error = { ...fault };
    return withoutNulls(state);
  }
}

/** Null means "remove" in a patch: a state that says null says the same as one that says nothing. */
function withoutNulls(state: JsonObject): JsonObject {
  const clean: Record<string, JsonValue> = {};
  for (const [key, value] of Object.entries(state)) {
    if (value === null) continue;
    clean[key] = isJsonObject(value) ? withoutNulls(value) : value;
  }
  return clean;
}
