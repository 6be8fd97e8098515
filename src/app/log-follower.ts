/** What the log tells of its own levels, and what is only told at debug. */
import type { Clock, Log } from '../../hal/index.js';
import type { BrokerEvents } from '../core/broker/index.js';
import type { Core } from '../core/core.js';
import type { ShadowEvents } from '../core/shadow/index.js';
import type { Service } from '../lifecycle.js';
import { DebugBudget, type LogLevels } from '../log/index.js';

export interface LogFollowerOptions {
  readonly clock: Clock;
  readonly levels: LogLevels;
  readonly log: Log;
  readonly core: Core | undefined;
}

/** Writes each change of a level, and messages and shadows while their parts are at debug: at rest it costs nothing. */
export class LogFollower implements Service {
  readonly name = 'log';
  readonly #clock: Clock;
  readonly #levels: LogLevels;
  readonly #log: Log;
  readonly #own: Log;
  readonly #core: Core | undefined;
  #tracing: readonly (() => void)[] = [];

  constructor(options: LogFollowerOptions) {
    this.#clock = options.clock;
    this.#levels = options.levels;
    this.#log = options.log;
    this.#own = options.log.child({ part: 'log' });
    this.#core = options.core;
  }

  async start(): Promise<void> {
    this.#levels.events.on('changed', this.#changed);
    this.#trace();
  }

  async stop(): Promise<void> {
    this.#levels.events.off('changed', this.#changed);
    for (const end of this.#tracing) end();
    this.#tracing = [];
    this.#levels.close();
  }

  readonly #changed = (part: string | undefined): void => {
    this.#trace();
    const { parts, ...rest } = this.#levels.view();
    const { level, until } = parts.find(({ name }) => name === part) ?? rest;
    this.#own.info(
      { of: part, to: level, until },
      `the level of ${part ?? 'the log'} is ${level}${until === undefined ? '' : ` until ${until}`}`,
    );
  };

  #trace(): void {
    for (const end of this.#tracing) end();
    this.#tracing =
      this.#core === undefined ? [] : [...this.#messages(this.#core), ...this.#shadows(this.#core)];
  }

  *#messages({ broker: { events } }: Core): Iterable<() => void> {
    if (!this.#shows('broker')) return;
    const log = new DebugBudget(this.#clock, this.#log.child({ part: 'broker' }));
    const message = (...[{ from, topic, qos, payload, receivers }]: BrokerEvents['message']): void =>
      log.debug(
        { from, topic, qos, bytes: payload.length, receivers },
        `${from} published ${topic}, ${payload.length} bytes, to ${receivers}`,
      );
    const dropped = (...[{ from, topic, cause }]: BrokerEvents['dropped']): void =>
      log.debug({ from, topic, cause }, `${topic} of ${from} went nowhere: ${cause}`);
    events.on('message', message).on('dropped', dropped);
    yield () => {
      events.off('message', message).off('dropped', dropped);
      log.end();
    };
  }

  *#shadows({ shadows: { events } }: Core): Iterable<() => void> {
    if (!this.#shows('shadows')) return;
    const log = new DebugBudget(this.#clock, this.#log.child({ part: 'shadows' }));
    const changed = (...[{ thing, shadow, version, by }]: ShadowEvents['changed']): void =>
      log.debug(
        { thing, shadow, version, by },
        `shadow ${shadow === undefined ? thing : `${thing}/${shadow}`} has version ${version}, by ${by}`,
      );
    events.on('changed', changed);
    yield () => {
      events.off('changed', changed);
      log.end();
    };
  }

  #shows(part: string): boolean {
    const level = this.#levels.level(part);
    return level === 'debug' || level === 'trace';
  }
}
