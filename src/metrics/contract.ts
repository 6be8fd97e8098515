import type { Log } from '../../hal/index.js';
import type { AppStatus } from '../status.js';

/** What is shown. The application gives it; it is asked at each scrape and never in between. */
export interface MetricsDeps {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly log: Log;
  /** With what has to be measured first. */
  status(): Promise<AppStatus>;
  /** Members of the group, or without a core the things of this machine. */
  things(): readonly { readonly name: string; readonly connected: boolean }[];
  /** Those of the group, or without a core those that the things of this machine show. */
  certificates(): Promise<readonly CertificateLife[]>;
  /** Over all time, from disk. */
  cars(): Promise<readonly CarFigures[]>;
  /** Changes since start. */
  lights(): readonly LightFigures[];
}

export interface CertificateLife {
  readonly name: string;
  readonly kind: 'ca' | 'server' | 'thing';
  /** ms since the epoch. */
  readonly expiresAt: number;
}

export interface CarFigures {
  readonly thing: string;
  readonly cars: number;
  readonly greens: number;
}

export interface LightFigures {
  readonly thing: string;
  readonly colour: string;
  readonly changes: number;
}
