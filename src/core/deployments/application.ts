import type { Clock } from '../../../hal/index.js';

/** Updates of the application itself, as far as a deployment needs them. */
export interface ApplicationUpdates {
  /** What became of an update. Undefined: it has not ended yet. */
  outcome(id: string): Promise<ApplicationOutcome | undefined>;
  /** Whether this process is the version that the update is trying. */
  onTrial(id: string): Promise<boolean>;
}

export interface ApplicationOutcome {
  /** Why the former version runs. Absent: the new one does, and is healthy. */
  readonly failure?: string;
}

/** Another version of the application that comes with a group: both, or neither. */
export interface BroughtApplication {
  /** Of the update. */
  readonly id: string;
  /** Name of the archive, for people. */
  readonly file: string;
  /** Hands it to the updater, which sooner or later ends this process. */
  handOver(): Promise<void>;
}

/** Time in ms between two looks at an update. */
const LOOK_MS = 500;

/** @returns what became of it; undefined when the signal was aborted first */
export async function untilUpdated(
  updates: ApplicationUpdates,
  id: string,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<ApplicationOutcome | undefined> {
  while (!signal.aborted) {
    const outcome = await updates.outcome(id);
    if (outcome !== undefined) return outcome;
    await clock.sleep(LOOK_MS, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
  return undefined;
}
