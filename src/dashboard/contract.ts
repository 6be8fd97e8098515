/** What the page is told and may ask. The application gives it; nothing in here is reached in another way. */

import type { TLSSocket } from 'node:tls';
import type { Bias, Clock, Edge, Exposure, LineValue, Log } from '../../hal/index.js';
import type { Batch, CarStatsRow } from '../aggregator/batch.js';
import type { Totals } from '../aggregator/statistics.js';
import type { Broker } from '../core/broker/index.js';
import type { DeploymentRecord } from '../core/deployments/index.js';
import type { WhyAnswer, WhyQuestion } from '../core/group/index.js';
import type { ShadowService } from '../core/shadow/index.js';
import type { AppStatus } from '../status.js';
import type { TelemetryRecords } from './history.js';
import type { LogTail } from './log-tail.js';

export interface DashboardSettings {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Who shows neither it nor a certificate of `clients` is refused. Beyond loopback one of the two is needed. */
  readonly token?: string;
  /** Things whose certificate opens the page; with any, it is served over TLS everywhere. */
  readonly clients?: readonly string[];
  /** Pages may change things though the hardware is real. */
  readonly unlock: boolean;
}

/** A line as the board shows it. */
export interface BoardLineView {
  readonly name: string;
  readonly direction: 'input' | 'output' | 'unknown';
  readonly consumer: string | undefined;
  /** Undefined: not known, because nobody on this machine holds the line. */
  readonly value: LineValue | undefined;
  readonly bias: Bias;
  readonly activeLow: boolean;
  /** Of a PWM line: 0..1. */
  readonly duty?: number | undefined;
  /** Of a servo line: µs. */
  readonly pulseWidthUs?: number | undefined;
  readonly conflict?: boolean;
  readonly gone?: boolean;
  readonly lastEdge?: { readonly edge: Edge; readonly sequence: number; readonly atMs: number } | undefined;
}

/** The board as a mirror: looking at it changes nothing. */
export interface BoardView {
  readonly driver: string;
  lines(): Promise<readonly BoardLineView[]>;
  /** Calls `listener` with a line after each change. @returns a function that ends it */
  subscribe(listener: (line: BoardLineView) => void): () => void;
  /** What a hand can do at the bench; only where the board is software. */
  readonly bench?: Bench;
  /** Another group is deployed. */
  follow?(): void;
}

export interface Bench {
  /** Holds the line at a level from outside; undefined lets it float. Throws a coded error for an unknown line. */
  drive(line: string, level: 'low' | 'high' | undefined): void;
  /** Sets what a thing's sensor measures. @returns false where there is none that can be set so */
  expose?(thing: string, values: Exposure): boolean;
}

/** A line that a thing holds. */
export interface ClaimView {
  /** `red`, `line`. */
  readonly path: string;
  readonly line: string;
  readonly direction: 'input' | 'output' | 'pwm' | 'servo' | 'pulse';
  readonly activeLow: boolean;
  readonly bias?: string;
}

export interface ThingView {
  readonly name: string;
  /** Absent: it runs elsewhere. */
  readonly role?: string;
  readonly claims: readonly ClaimView[];
  /** What can be desired, as the role says it. */
  readonly properties: readonly {
    readonly name: string;
    readonly values: string;
    readonly description: string;
  }[];
  /** What a hand at a bench can set beside its lines. */
  readonly sliders: readonly (keyof Exposure)[];
}

export interface RowView {
  readonly source: string;
  readonly subject: string;
  readonly target: string;
  readonly origin: string;
  readonly because?: string;
}

export interface CertificateView {
  readonly kind: 'thing' | 'server' | 'ca';
  readonly name: string;
  readonly expiresAt: string | null;
  readonly revoked: string | null;
}

export interface FunctionView {
  readonly name: string;
  readonly kind: string;
  readonly batchEvery?: number;
  readonly watch?: string;
}

/** A green that was counted. */
export interface GreenView {
  readonly thing: string;
  readonly totals: Totals;
  readonly batch?: Batch | undefined;
}

/** The core on this machine, as far as the page looks at it. */
export interface CoreView {
  readonly broker: Pick<Broker, 'events' | 'clients'>;
  readonly shadows: Pick<ShadowService, 'read' | 'update' | 'events'>;
  why(question: WhyQuestion): WhyAnswer;
  rows(): readonly RowView[];
  certificates(): readonly CertificateView[];
  deployments(): readonly DeploymentRecord[];
}

/** What the page needs to speak TLS and to know who asks. */
export interface PageTls {
  /** PEM; `ca` issued the things' certificates. Asked for at start and after each renewal. */
  credentials(): { readonly key: string; readonly cert: string; readonly ca: string };
  /** Calls `listener` when the credentials are others. @returns a function that ends it */
  onRenewed(listener: () => void): () => void;
  /** The thing whose certificate was shown, or one sentence that says why there is none. */
  peer(socket: TLSSocket): { readonly thing: string } | { readonly refused: string };
}

export interface DashboardDeps {
  readonly settings: DashboardSettings;
  readonly group: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly tail: LogTail;
  /** Host names by which this machine may be asked for, beside addresses and `localhost`. */
  readonly names: readonly string[];
  /** Undefined where there is no core. */
  readonly tls: PageTls | undefined;
  status(): AppStatus;
  /** Undefined while no thing of this machine has lines. */
  board(): BoardView | undefined;
  things(): readonly ThingView[];
  functions(): readonly FunctionView[];
  /** @param since ms since the epoch; no older rows */
  cars(
    limit: number,
    since?: number,
  ): Promise<{
    readonly totals: readonly { readonly thing: string; readonly totals: Totals }[];
    readonly rows: readonly CarStatsRow[];
  }>;
  /** What sensors published and is kept. */
  readonly telemetry: TelemetryRecords;
  onGreen(listener: (green: GreenView) => void): () => void;
  /** Undefined: this machine only carries things. */
  readonly core: CoreView | undefined;
}
