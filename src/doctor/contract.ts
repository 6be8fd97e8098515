import type { GpioDriver } from '../../hal/index.js';
import type { Config } from '../config/model.js';

export interface Finding {
  /** Stable name: `port-taken`. */
  readonly code: string;
  /** `problem`: it will not work. `warning`: it works, but not for long or not wholly. */
  readonly severity: 'problem' | 'warning';
  /** What is found, with the place. */
  readonly message: string;
  /** The exact mend. */
  readonly mend: string;
}

/** What the doctor sees of the machine. */
export interface Outside {
  /** Put before every absolute path that is the machine's own (`/dev`, `/sys`, `/boot`); empty for the real one. */
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the Unix epoch. */
  now(): number;
  readonly nodeVersion: string;
  /** As uname: `6.12.34+rpt-rpi-v8`. */
  readonly kernel: string;
  readonly uid: number;
  readonly groups: readonly number[];
  /** @returns the error's code (`EADDRINUSE`); undefined when one may listen there */
  listen(host: string, port: number): Promise<string | undefined>;
  /** @returns the error's code (`ENOTFOUND`); undefined when something answers there */
  connect(host: string, port: number): Promise<string | undefined>;
  /** @returns why the program cannot be run; undefined when it can */
  program(name: string): Promise<string | undefined>;
  /** Bytes that are free where the path is. */
  freeBytes(path: string): Promise<number>;
  /** Tries to write into the folder. @returns the error's code; undefined when that works */
  write(folder: string): Promise<string | undefined>;
  /** @returns why the package cannot be loaded; undefined when it can */
  load(packageName: string): Promise<string | undefined>;
  /** Starts the configured driver; the caller stops it. */
  openGpio(config: Config): Promise<GpioDriver>;
  /** An instance answers on that state folder, or keeps this user out. */
  running(stateDir: string): Promise<boolean>;
}

/** What checks look at. */
export interface Patient {
  readonly config: Config;
  readonly outside: Outside;
  /** The configuration's own instance is up: ports and lines are its. */
  readonly running: boolean;
}

export type Check = (patient: Patient) => Promise<readonly Finding[]>;
