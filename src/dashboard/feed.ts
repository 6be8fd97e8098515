import type { Timer } from '../../hal/index.js';
import type { BrokerEvents } from '../core/broker/contract.js';
import type { ShadowChange } from '../core/shadow/index.js';
import type { BoardLineView, GreenView } from './contract.js';
import type { LogLine } from './log-tail.js';
import { lineView, monotonicMs, type Sources, shadowView, slow, trimmed } from './snapshot.js';

/** Least time in ms between two frames: fast enough for the eye, few enough for twenty pages. */
const FRAME_MS = 60;
const STATUS_MS = 2_000;
/** What one frame tells of; more is counted. */
const MESSAGES = 24;
const LOG_LINES = 40;
const CHANGES = 256;
/** Characters of a payload that are shown. */
const PAYLOAD = 400;

interface Flow {
  readonly from: string;
  readonly topic: string;
  /** Messages since the last frame. */
  count: number;
  readonly at: number;
  payload?: string;
  bytes?: number;
  /** Why it went nowhere; `refused` by the table, or no one listened. */
  cause?: string;
}

/**
 * What happens, gathered: one frame holds the last state of each line and shadow, and a sample of the messages.
 * It listens only while there are pages.
 */
export class Feed {
  readonly #lines = new Map<string, BoardLineView>();
  readonly #shadows = new Map<string, ShadowChange>();
  readonly #flows = new Map<string, Flow>();
  #greens: GreenView[] = [];
  #log: LogLine[] = [];
  #more = 0;
  #frame: Timer | undefined;
  #lastFrame = 0;
  #ends: (() => void)[] = [];
  #statusText = '';

  constructor(
    private readonly deps: Sources,
    private readonly emit: (event: string, data: string) => void,
  ) {}

  start(): void {
    const { deps } = this;
    const { core, clock } = deps;
    this.#ends.push(
      deps.onGreen((green) => {
        this.#greens = [...this.#greens.slice(-9), green];
        this.#due();
      }),
    );
    const unwatch = deps.board()?.subscribe((line) => this.#put(this.#lines, line.name, line));
    if (unwatch) this.#ends.push(unwatch);
    deps.tail.listen((line) => {
      if (this.#log.length < LOG_LINES) this.#log.push(line);
      this.#due();
    });
    this.#ends.push(() => deps.tail.listen(undefined));
    if (core) {
      const onShadow = (change: ShadowChange): void => {
        if (change.shadow === undefined) this.#put(this.#shadows, change.thing, change);
      };
      const onMessage = (...[message]: BrokerEvents['message']): void => {
        const { from, topic, payload } = message;
        const flow = this.#flow(from, topic, '');
        if (flow === undefined || flow.payload !== undefined) return;
        flow.payload = payload.toString('utf8', 0, PAYLOAD);
        flow.bytes = payload.length;
      };
      const onDropped = (...[drop]: BrokerEvents['dropped']): void => {
        const flow = this.#flow(drop.from, drop.topic, drop.cause);
        if (flow) flow.cause = drop.cause;
      };
      core.shadows.events.on('changed', onShadow);
      core.broker.events.on('message', onMessage);
      core.broker.events.on('dropped', onDropped);
      this.#ends.push(() => {
        core.shadows.events.off('changed', onShadow);
        core.broker.events.off('message', onMessage);
        core.broker.events.off('dropped', onDropped);
      });
    }
    const beat = clock.every(STATUS_MS, () => this.#tellStatus());
    this.#ends.push(() => beat.cancel());
  }

  stop(): void {
    for (const end of this.#ends.splice(0)) end();
    this.#frame?.cancel();
    this.#frame = undefined;
    for (const kept of [this.#lines, this.#shadows, this.#flows]) kept.clear();
    this.#greens = [];
    this.#log = [];
  }

  #put<V>(kept: Map<string, V>, key: string, value: V): void {
    if (kept.size < CHANGES || kept.has(key)) kept.set(key, value);
    this.#due();
  }

  #flow(from: string, topic: string, cause: string): Flow | undefined {
    const key = `${from}\n${topic}\n${cause}`;
    let flow = this.#flows.get(key);
    if (flow === undefined) {
      if (this.#flows.size >= MESSAGES) {
        this.#more += 1;
        return undefined;
      }
      flow = { from, topic, count: 0, at: this.deps.clock.now() };
      this.#flows.set(key, flow);
    }
    flow.count += 1;
    this.#due();
    return flow;
  }

  #due(): void {
    if (this.#frame) return;
    const wait = Math.max(5, FRAME_MS - (monotonicMs(this.deps) - this.#lastFrame));
    this.#frame = this.deps.clock.after(wait, () => this.#tell());
  }

  #tell(): void {
    const nowMs = monotonicMs(this.deps);
    this.#frame = undefined;
    this.#lastFrame = nowMs;
    const frame = {
      ...(this.#lines.size > 0 && { lines: [...this.#lines.values()].map((line) => lineView(line, nowMs)) }),
      ...(this.#shadows.size > 0 && {
        shadows: Object.fromEntries(
          [...this.#shadows].map(([thing, { current }]) => [thing, shadowView(current) ?? null]),
        ),
      }),
      ...(this.#flows.size > 0 && { messages: [...this.#flows.values()] }),
      ...(this.#more > 0 && { more: this.#more }),
      ...(this.#greens.length > 0 && { greens: this.#greens }),
      ...(this.#log.length > 0 && { log: this.#log }),
    };
    for (const kept of [this.#lines, this.#shadows, this.#flows]) kept.clear();
    this.#greens = [];
    this.#log = [];
    this.#more = 0;
    this.emit('change', JSON.stringify(frame));
  }

  #tellStatus(): void {
    const { uptimeSeconds, ...status } = trimmed(this.deps.status());
    const text = JSON.stringify({ status, ...slow(this.deps) });
    // also the sign of life: a page that hears nothing for long says so
    if (text === this.#statusText) this.emit('alive', String(uptimeSeconds));
    else this.emit('status', text);
    this.#statusText = text;
  }
}
