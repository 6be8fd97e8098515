import type { Clock } from '../../../hal/index.js';
import type { ShadowId, ShadowService } from '../../core/shadow/index.js';
import { CloudRejection, type CloudShadow } from './cloud-shadow.js';
import {
  type Bases,
  mergeStates,
  overwrite,
  type Pending,
  patchOf,
  resumedBase,
  type State,
  sameJson,
  withoutEmpty,
} from './merge3.js';
import type { Row, Rows } from './row.js';

export type LocalShadows = Pick<ShadowService, 'read' | 'update' | 'delete' | 'events'>;

/** `both`: desired is the cloud's, reported the device's. `up`: the cloud follows. `down`: this side follows. */
export type Direction = 'both' | 'up' | 'down';

/** The name under which the synchronization changes local shadows. */
export const BY = 'cloud';

interface Side {
  readonly version: number;
  readonly state: State;
}

export interface StepOptions {
  readonly id: ShadowId;
  readonly key: string;
  readonly direction: Direction;
  readonly local: LocalShadows;
  readonly cloud: CloudShadow;
  readonly rows: Rows;
  readonly clock: Clock;
}

/**
 * Brings the two sides of one shadow together. What a step is about to do is on disk before it does it, so that one that
 * is cut, by the network or by power, is judged rightly by the next.
 */
export class Step {
  constructor(
    private readonly options: StepOptions,
    private row: Row,
  ) {}

  /** @returns false when something changed meanwhile and it is to be run again */
  async run(): Promise<boolean> {
    const { id, local, cloud } = this.options;
    const there = await cloud.document();
    const document = await local.read(id.thing, id.shadow);
    const here = document && { version: document.version, state: withoutEmpty(document.state) };
    try {
      if (here !== undefined && there !== undefined) return await this.#meet(here, there);
      if (here !== undefined) return await this.#onlyHere(here);
      if (there !== undefined) return await this.#onlyThere(there);
      if (this.row.base !== null || this.row.at === 0) await this.#settled(null, 0, 0);
      return true;
    } catch (error) {
      if (!isConflict(error)) throw error;
      cloud.forget();
      return false;
    }
  }

  async #meet(here: Side, there: Side): Promise<boolean> {
    const { direction } = this.options;
    const { pending } = this.row;
    const base = pending ? resumedBase(there.state, pending, this.row.base) : this.row.base;
    const merged =
      direction === 'up'
        ? overwrite(here.state, there.state, base?.local)
        : direction === 'down'
          ? overwrite(there.state, here.state, base?.cloud)
          : mergeStates(here.state, there.state, base);
    const up = direction === 'down' ? undefined : patchOf(there.state, merged);
    const down = direction === 'up' ? undefined : patchOf(here.state, merged);
    let { version: cloudVersion } = there;
    let { version: localVersion } = here;
    if (up !== undefined || down !== undefined)
      await this.#begin(merged, here.state, up === undefined ? 0 : there.version, base);
    if (up !== undefined) cloudVersion = await this.options.cloud.update(up, there.version, merged);
    if (down !== undefined) localVersion = await this.#updateLocal(down, here.version);
    // an update of the process before this one may still be under way and be taken at this version
    const late = up === undefined && pending?.cloudVersion === there.version ? pending : undefined;
    const same =
      cloudVersion === this.row.cloudVersion &&
      localVersion === this.row.localVersion &&
      this.row.pending === late;
    if (!same)
      await this.#settled(
        baseOf(direction, here.state, there.state, merged),
        localVersion,
        cloudVersion,
        late,
      );
    return true;
  }

  /** The cloud has none: it was deleted there since, or never was there. */
  async #onlyHere({ version, state }: Side): Promise<boolean> {
    const { id, direction, local, cloud } = this.options;
    const unchanged = this.row.base !== null && version === this.row.localVersion;
    if (direction !== 'up' && unchanged) {
      await local.delete(id.thing, id.shadow, BY).catch(ifThere);
      await this.#settled(null, 0, 0);
      return true;
    }
    const patch = patchOf({}, state);
    if (direction === 'down' || patch === undefined) {
      if (this.row.base !== null || this.row.at === 0) await this.#settled(null, version, 0);
      return true;
    }
    await this.#begin(state, state, 0, this.row.base);
    await cloud.update(patch, undefined, state);
    // someone may have made it there at the same moment: look
    cloud.forget();
    return false;
  }

  /** There is none here: it was deleted since, or never was here. */
  async #onlyThere({ version, state }: Side): Promise<boolean> {
    const { direction, cloud } = this.options;
    const unchanged =
      this.row.base !== null &&
      version === this.row.cloudVersion &&
      sameJson(state as never, this.row.base.cloud as never);
    if (direction === 'up' ? this.row.base !== null : direction === 'both' && unchanged) {
      await cloud.delete();
      await this.#settled(null, 0, 0);
      return true;
    }
    const patch = patchOf({}, state);
    if (direction === 'up' || patch === undefined) {
      if (this.row.base !== null || this.row.at === 0) await this.#settled(null, 0, version);
      return true;
    }
    await this.#begin(state, {}, 0, this.row.base);
    await this.#updateLocal(patch, undefined);
    return false;
  }

  async #updateLocal(patch: object, version: number | undefined): Promise<number> {
    const { id, local } = this.options;
    const { current } = await local.update(
      id.thing,
      id.shadow,
      { state: patch, ...(version !== undefined && { version }) },
      BY,
    );
    return current.version;
  }

  /** The bases are as this step judged them: should it be cut, the next one judges on. */
  async #begin(merged: State, local: State, cloudVersion: number, base: Bases | null): Promise<void> {
    await this.#save({ ...this.row, base, pending: { merged, local, cloudVersion } });
  }

  async #settled(
    state: State | null,
    localVersion: number,
    cloudVersion: number,
    pending?: Pending,
  ): Promise<void> {
    const at = this.options.clock.now();
    const base = state && { local: state, cloud: state };
    const wroteAt = this.options.cloud.wroteAt ?? this.row.wroteAt;
    await this.#save({
      base,
      localVersion,
      cloudVersion,
      at,
      ...(wroteAt !== undefined && { wroteAt }),
      ...(pending && { pending }),
    });
  }

  async #save(row: Row): Promise<void> {
    await this.options.rows.save(this.options.key, row);
    this.row = row;
  }
}

function baseOf(direction: Direction, here: State, there: State, merged: State): State {
  if (direction === 'both') return merged;
  return direction === 'up' ? here : there;
}

function isConflict(error: unknown): boolean {
  if (error instanceof CloudRejection) return error.status === 409;
  return (error as { code?: string }).code === 'SHADOW_VERSION_CONFLICT';
}

function ifThere(error: unknown): void {
  if ((error as { code?: string }).code !== 'SHADOW_NOT_FOUND') throw error;
}
