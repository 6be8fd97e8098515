import type { JsonObject, LineAddress, OutputLine, Timer } from '../hal/index.js';
import type { Role, RoleContext, RoleDefinition, RoleFault, ShadowProperty } from './contract.js';
import { failure, ruleFault, unknownProperty, valueFault } from './faults.js';
import { ACTIVE_LOW, DURATION, LINE, MAX_ON } from './options.js';
import { Serial } from './serial.js';

export interface RelayOptions {
  readonly line: LineAddress;
  readonly activeLow: boolean;
  readonly powerOn: 'off' | 'on' | 'restore';
  /** ms */
  readonly minOn?: number;
  /** ms */
  readonly minOff?: number;
  /** ms */
  readonly maxOn?: number;
}

/** Time in ms between tries to tell the shadow what `powerOn` decided. */
const CLAIM_RETRY_MS = 5_000;
/** Time in ms after which switching off is tried again when the line failed at the end of `maxOn`. */
const OFF_RETRY_MS = 1_000;

const PROPERTIES: readonly ShadowProperty[] = [
  { name: 'on', side: 'desired', values: 'true | false', description: 'The contact is closed.' },
];

/** A relay, or anything that is switched and must not be switched at random. */
export const relay: RoleDefinition<RelayOptions> = {
  name: 'relay',
  summary: 'A relay: on and off, with a defined state after a start and least and longest times.',
  options: {
    line: LINE,
    activeLow: ACTIVE_LOW,
    powerOn: {
      title: 'State after a start',
      description:
        '`off` or `on`: this, whatever was desired before; the shadow is asked to desire the same. `restore`: off until the shadow is known, then what it desires.',
      enum: ['off', 'on', 'restore'],
      default: 'restore',
    },
    minOn: {
      ...DURATION,
      title: 'Least time on',
      description: 'A request to switch off earlier is done when this is over. Default: none.',
    },
    minOff: {
      ...DURATION,
      title: 'Least time off',
      description:
        'A request to switch on earlier is done when this is over, also after a start. Default: none.',
    },
    maxOn: MAX_ON,
  },
  required: ['line'],
  properties: PROPERTIES,
  lines: ({ line, activeLow }) => [
    { path: 'line', address: line, direction: 'output', safe: 'inactive', activeLow },
  ],
  traffic: () => ({ shadow: true }),
  check: ({ minOn, maxOn, powerOn, minOff }) => [
    ...(minOn !== undefined && maxOn !== undefined && minOn > maxOn
      ? [{ path: 'minOn', message: `${minOn} ms is more than maxOn, ${maxOn} ms` }]
      : []),
    ...(powerOn === 'on' && minOff !== undefined
      ? [
          {
            path: 'powerOn',
            message: 'on contradicts minOff: how long the relay was off before a start is unknown',
          },
        ]
      : []),
  ],
  create: (options, context) => new Relay(options, context),
};

class Relay implements Role {
  readonly #serial = new Serial();
  readonly #ended = new AbortController();
  #line: OutputLine | undefined;
  #on = false;
  #switchedNs = 0n;
  /** What is done when a least time is over. */
  #later: Timer | undefined;
  #maxOn: Timer | undefined;
  /** The shadow may still desire what was wanted before the start. */
  #claiming = false;
  #alarmed = false;

  constructor(
    private readonly options: RelayOptions,
    private readonly context: RoleContext,
  ) {}

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { line, activeLow, powerOn } = this.options;
    const { gpio, thing, clock } = this.context;
    this.#on = powerOn === 'on';
    const initial = this.#on ? 'active' : 'inactive';
    this.#line = await gpio.output(line, thing, { initial, safe: 'inactive', activeLow });
    this.#switchedNs = clock.monotonicNs();
    if (this.#on) this.#watchMaxOn();
    if (powerOn === 'restore') return;
    this.#claiming = true;
    void this.#keepClaiming();
  }

  /** Not in turn with the requests: one of them may wait for an answer of the shadow service. */
  async stop(): Promise<void> {
    this.#ended.abort();
    this.#later?.cancel();
    this.#maxOn?.cancel();
    this.#on = false;
    await this.#line?.close();
  }

  state(): JsonObject {
    return { on: this.#on };
  }

  apply(desired: JsonObject): Promise<RoleFault | undefined> {
    return this.#serial.run(async () => {
      let fault: RoleFault | undefined;
      for (const [name, value] of Object.entries(desired)) {
        if (name !== 'on') fault ??= unknownProperty(name, PROPERTIES);
        else if (typeof value === 'boolean') fault = (await this.#request(value)) ?? fault;
        else fault ??= valueFault(name, value, 'true or false');
      }
      return fault;
    });
  }

  async #request(on: boolean): Promise<RoleFault | undefined> {
    // A wish from before the start: it is taken back, not fulfilled.
    if (this.#claiming) return this.#claim();
    this.#later?.cancel();
    this.#alarm(undefined);
    if (on === this.#on) return undefined;
    const waitMs = this.#remainingMs();
    if (waitMs <= 0) return this.#switch(on);
    const rule = this.#on ? 'minOn' : 'minOff';
    const seconds = (waitMs / 1000).toFixed(1);
    this.#alarm(ruleFault(`switches ${on ? 'on' : 'off'} in ${seconds} s, when \`${rule}\` is over`, 'on'));
    this.#later = this.context.clock.after(waitMs, () => {
      void this.#serial.run(async () => {
        this.#alarm(await this.#switch(on));
        this.context.changed();
      });
    });
    return undefined;
  }

  #remainingMs(): number {
    const least = (this.#on ? this.options.minOn : this.options.minOff) ?? 0;
    return least - Number(this.context.clock.monotonicNs() - this.#switchedNs) / 1e6;
  }

  async #switch(on: boolean): Promise<RoleFault | undefined> {
    if (this.#ended.signal.aborted) return undefined;
    try {
      await this.#line?.write(on ? 'active' : 'inactive');
    } catch (error) {
      return failure(error, 'on');
    }
    this.#on = on;
    this.#switchedNs = this.context.clock.monotonicNs();
    this.#maxOn?.cancel();
    if (on) this.#watchMaxOn();
    return undefined;
  }

  #watchMaxOn(waitMs = this.options.maxOn): void {
    const { maxOn } = this.options;
    if (waitMs === undefined) return;
    this.#maxOn = this.context.clock.after(waitMs, () => {
      void this.#serial.run(async () => {
        if (!this.#on) return;
        const failed = await this.#switch(false);
        if (failed !== undefined) this.#watchMaxOn(OFF_RETRY_MS);
        const rule = ruleFault(`the relay was on for ${maxOn} ms, the longest that \`maxOn\` allows`, 'on');
        this.#alarm(failed ?? rule);
        this.context.log.warn({ thing: this.context.thing, code: rule.code }, rule.message);
        this.context.changed();
      });
    });
  }

  /** Asks the shadow to desire what `powerOn` decided, until it does. */
  async #keepClaiming(): Promise<void> {
    const { signal } = this.#ended;
    while (this.#claiming && !signal.aborted) {
      await this.#claim();
      if (!this.#claiming) return;
      // Ends early with stop; there is nothing to undo then.
      await this.context.clock.sleep(CLAIM_RETRY_MS, signal).catch(() => {});
    }
  }

  async #claim(): Promise<RoleFault | undefined> {
    if (!this.#claiming || this.#ended.signal.aborted) return undefined;
    const { neighbours, thing } = this.context;
    try {
      await neighbours.desire(thing, { on: this.options.powerOn === 'on' });
      this.#claiming = false;
      return undefined;
    } catch (error) {
      return failure(error, 'on');
    }
  }

  #alarm(fault: RoleFault | undefined): void {
    if (fault === undefined && !this.#alarmed) return;
    this.#alarmed = fault !== undefined;
    this.context.fault(fault);
  }
}
