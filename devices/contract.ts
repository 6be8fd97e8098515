/**
 * What a role is: the thing's behaviour, written against lines and a clock. A role knows no driver, no MQTT and no
 * configuration file; what it needs from beyond its lines it asks of {@link Neighbours}.
 */
import type { Clock, GpioDriver, JsonObject, JsonValue, LineAddress, LineValue, Log } from '../hal/index.js';

/** JSON Schema (draft-07) of one option. `title` and `description` become the documentation. */
export type OptionSchema = JsonObject;

/** A line that a role will hold, told before anything is requested, so that double use is found by `check`. */
export interface LineClaim {
  /** Path below the thing, for messages: `lines.red`, `line`. */
  readonly path: string;
  readonly address: LineAddress;
  readonly direction: 'input' | 'output' | 'pwm' | 'servo' | 'pulse';
  /** The value an output has after every way out; `inactive` when not given. */
  readonly safe?: LineValue;
  readonly activeLow?: boolean;
}

/** One property of the role's shadow, for the generated table. */
export interface ShadowProperty {
  readonly name: string;
  /** `desired` can be asked for and is reported; `reported` is only reported. */
  readonly side: 'desired' | 'reported';
  /** Values in words: `"R" | "Y" | "G"`, `0..100 %`. */
  readonly values: string;
  readonly description: string;
}

/** What the role exchanges with others, from which subscription rows follow. */
export interface Traffic {
  /** The role keeps a shadow of its own thing. */
  readonly shadow: boolean;
  /** Things whose `desired` this role sets. */
  readonly drives?: readonly string[];
  /** Things whose `reported` this role follows. */
  readonly follows?: readonly string[];
  /** Topics that it publishes, and the members or `cloud` they go to. */
  readonly publishes?: readonly { readonly subject: string; readonly to: readonly string[] }[];
  /** Topics that it receives, and the member they come from. */
  readonly receives?: readonly { readonly subject: string; readonly from: string }[];
}

/** A kind of role: what may be configured, and how one is made. */
export interface RoleDefinition<Options extends object = object> {
  /** As in `role: traffic-light`. */
  readonly name: string;
  /** One sentence for the documentation. */
  readonly summary: string;
  /**
   * Options beside `name` and `role`: JSON Schema per key. The role gets them checked, defaults filled in, durations
   * (`format: duration`) as milliseconds.
   */
  readonly options: Readonly<Record<string, OptionSchema>>;
  readonly required: readonly (keyof Options & string)[];
  readonly properties: readonly ShadowProperty[];
  /** What it publishes are measurements: the core keeps them for a while. */
  readonly telemetry?: boolean;
  lines(options: Options): readonly LineClaim[];
  traffic(thing: string, options: Options): Traffic;
  /** Rules that the schema cannot say. @returns a sentence per problem, with the path below the thing */
  check?(options: Options): readonly { readonly path: string; readonly message: string }[];
  /** Has no side effects; {@link Role.start} takes the lines. */
  create(options: Options, context: RoleContext): Role;
}

/** Options are checked against the definition's own schema before `create`: this is the one place where types meet. */
// biome-ignore lint/suspicious/noExplicitAny: a table of definitions holds differently typed options
export type AnyRoleDefinition = RoleDefinition<any>;

/** A running role. Calls come one at a time: `start`, then any number of `apply`, then `stop`. */
export interface Role {
  /** Takes the lines and puts them into the safe state. On failure nothing stays taken. */
  start(signal: AbortSignal): Promise<void>;
  /** Safe state, lines released. Idempotent, also after a failed start. */
  stop(): Promise<void>;
  /**
   * Does what `desired` asks. It gets only the properties that differ from what {@link state} said.
   * @returns undefined when all was done; otherwise what could not be done. What was done shows in `state()`.
   */
  apply?(desired: JsonObject): Promise<RoleFault | undefined>;
  /** The truth of this moment, as it belongs in `reported`: whole, not a patch. */
  state(): JsonObject;
}

/** Why something asked for was not done, as it goes into `reported.error`. */
export interface RoleFault {
  /** A stable code: `DEVICE_VALUE`, `DEVICE_UNKNOWN_PROPERTY`, `DEVICE_RULE`, or the code of the line's error. */
  readonly code: string;
  /** What happened and what would be right. */
  readonly message: string;
  /** The property concerned. */
  readonly property?: string;
}

export interface RoleContext {
  /** The thing's name. */
  readonly thing: string;
  readonly gpio: GpioDriver;
  readonly clock: Clock;
  readonly log: Log;
  readonly neighbours: Neighbours;
  /** Uniform in [0, 1); injected so that tests are repeatable. */
  readonly random: () => number;
  /** Tells that {@link Role.state} differs from before; the caller reads it soon after, changes of one turn together. */
  changed(): void;
  /** Tells of a fault that no request caused (a line that failed, a rule that was broken); undefined when it is over. */
  fault(fault: RoleFault | undefined): void;
}

/** Other members of the group, as a role sees them. */
export interface Neighbours {
  /**
   * Asks another thing for a state (its shadow's `desired`); resolves when the shadow service accepted.
   * Rejects with a CodedError when refused, or unreachable.
   */
  desire(thing: string, state: JsonObject): Promise<void>;
  /** Calls `listener` with another thing's whole `reported` whenever it changes, and once when first known. */
  follow(thing: string, listener: (reported: JsonObject) => void): () => void;
  /** Sends JSON to a topic. While offline it waits in a bounded queue; the oldest is dropped first and counted. */
  publish(topic: string, payload: JsonValue): Promise<void>;
  /** Calls `listener` for each message on the filter. A payload that is not JSON comes as a string. */
  receive(filter: string, listener: (topic: string, payload: JsonValue) => void): () => void;
}
