import type { VirtualClock } from '../../../hal/index.js';
import type { ShadowRestAnswer, ShadowService } from '../../../src/core/shadow/index.js';
import type { Exchange } from './exchange.js';

/** Where a rule is written or was observed. */
export type Source =
  | `AWS IoT guide: ${string}`
  | `AWS IoT API: ${string}`
  | `AWS SDK: ${string}`
  | `Shadow manager: ${string}`
  | `choice: ${string}`;

export interface Bench {
  readonly x: Exchange;
  /** The service's clock; move it to tell times apart. */
  readonly clock: VirtualClock;
  /** For what does not go over MQTT. */
  readonly service: ShadowService;
  /** A request on the HTTPS side, as this row's thing unless said otherwise. */
  rest(method: string, path: string, body?: unknown, as?: string): Promise<ShadowRestAnswer>;
  /** Stops the service and starts another on the same disk. */
  restart(): Promise<void>;
  /** A client that connects now and talks about this row's thing. */
  latecomer(): Promise<Exchange>;
  /** A client with this last will, on a topic of this row's thing, is gone without a word. */
  lose(topic: string, payload: string): Promise<void>;
  /** Makes saves wait until the returned function is called. */
  holdSaves(): () => void;
}

export interface Row {
  readonly section: string;
  readonly rule: string;
  readonly source: Source;
  readonly check: (bench: Bench) => Promise<void>;
}

/** Collects the rows of one section. */
export function sectionOf(section: string): {
  readonly rows: Row[];
  readonly row: (rule: string, source: Source, check: Row['check']) => void;
} {
  const rows: Row[] = [];
  return { rows, row: (rule, source, check) => void rows.push({ section, rule, source, check }) };
}
