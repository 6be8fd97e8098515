import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { flushFolder, readIfThere, writeDurably } from './files.js';

/**
 * In this order. Up to `trying` nothing that runs was touched; from `switching` to `watching` the former release is
 * what a loss of power leads back to; with `confirming` the new one is.
 */
export const PHASES = [
  'checking',
  'unpacking',
  'trying',
  'switching',
  'restarting',
  'watching',
  'confirming',
] as const;
export type Phase = (typeof PHASES)[number];

/** A release and the version that it is of. */
export interface ReleaseNote {
  readonly release: string;
  readonly version: string;
}

/** The update under way. On disk before each step. */
export interface UpdateState {
  readonly id: string;
  readonly by: string;
  /** Name of the archive, as whoever asked called it. */
  readonly file: string;
  readonly phase: Phase;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly from: ReleaseNote;
  readonly to?: ReleaseNote;
  /** That run with the new release, once it is switched to. */
  readonly units?: readonly string[];
}

export interface UpdateRecord extends Omit<UpdateState, 'phase' | 'units'> {
  readonly status: 'Success' | 'Failure';
  readonly endedAt: number;
  /** Of an error. */
  readonly code?: string;
  /** One sentence. */
  readonly reason?: string;
}

/** Records that are kept. */
const KEEP = 100;

/** What is under way and what became of the others. Anybody may read; only the updater writes. */
export class Journal {
  constructor(private readonly folder: string) {}

  get #state(): string {
    return join(this.folder, 'state.json');
  }

  get #history(): string {
    return join(this.folder, 'history.json');
  }

  /** `'unreadable'`: there is one, and it says nothing. */
  async state(): Promise<UpdateState | 'unreadable' | undefined> {
    const text = await readIfThere(this.#state);
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text) as UpdateState;
    } catch {
      // a damaged disk; the links still say what is confirmed
      return 'unreadable';
    }
  }

  /** Oldest first. */
  async records(): Promise<readonly UpdateRecord[]> {
    const text = await readIfThere(this.#history);
    if (text === undefined) return [];
    try {
      return JSON.parse(text) as readonly UpdateRecord[];
    } catch {
      // a damaged disk: what was is lost, and must not keep new ones from being written
      return [];
    }
  }

  async record(id: string): Promise<UpdateRecord | undefined> {
    return (await this.records()).find((record) => record.id === id);
  }

  /** On disk when it resolves: the step may begin. */
  async note(state: UpdateState): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o755 });
    await writeDurably(this.#state, `${JSON.stringify(state)}\n`);
  }

  /** Writes the record, then forgets the state. Repeated after a loss of power in between, it writes it once. */
  async end(record: UpdateRecord): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o755 });
    const others = (await this.records()).filter(({ id }) => id !== record.id);
    await writeDurably(this.#history, `${JSON.stringify([...others, record].slice(-KEEP), null, 1)}\n`);
    await rm(this.#state, { force: true });
    await flushFolder(this.folder);
  }
}
