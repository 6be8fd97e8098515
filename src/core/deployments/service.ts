import type { EventEmitter } from 'node:events';
import { type Clock, type Log, messageOf } from '../../../hal/index.js';
import type { Store } from '../../store/contract.js';
import { type ApplicationUpdates, type BroughtApplication, untilUpdated } from './application.js';
import { digestOf, type GroupDocument } from './document.js';
import { DeploymentError } from './errors.js';
import { History } from './history.js';
import { applyParts, checkParts, type DeployedPart, restoreParts } from './part.js';
import type { DeploymentRecord, DeploymentType } from './record.js';
import { type DeploymentEvents, Reports } from './reports.js';

export interface DeploymentServiceOptions {
  /** A section of its own. */
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Deletes what a reset deletes beside functions and rows (the shadows). Called again when it was cut short. */
  readonly clear: () => Promise<void>;
  /** Absent: a deployment cannot bring another version of the application. */
  readonly application?: ApplicationUpdates;
  /** Records that are kept. Default 50. */
  readonly keep?: number;
}

/** A deployment that has begun. */
export interface Deployment {
  readonly id: string;
  /** Resolves with its last record, also when it failed. */
  readonly done: Promise<DeploymentRecord>;
}

/** From one group to another, on these parts. */
interface Change<D extends GroupDocument> {
  readonly next: D;
  readonly previous: D;
  readonly parts: readonly DeployedPart<D>[];
  readonly application?: BroughtApplication | undefined;
}

/** A deployment that waits for another version of the application, over the end of a process. */
interface Awaited<D> {
  readonly record: DeploymentRecord;
  readonly next: D;
  readonly previous: D;
  /** This process is that version, and began with the next group. */
  readonly onTrial: boolean;
}

const BY_FILE = 'configuration file';
const NOTHING: GroupDocument = { things: [], functions: [], subscriptions: [] };

/**
 * Brings another group to the parts of a running core: the whole of it, or none. What is deployed is named by one
 * record on disk, written last; a core that dies before that write begins with the former group.
 */
export class DeploymentService<D extends GroupDocument> {
  readonly #options: DeploymentServiceOptions;
  readonly #history: History<D>;
  readonly #reports: Reports<D>;
  #parts: readonly DeployedPart<D>[] | undefined;
  #current: D | undefined;
  #running: Promise<unknown> | undefined;
  #awaited: Awaited<D> | undefined;
  readonly #closing = new AbortController();

  constructor(options: DeploymentServiceOptions) {
    this.#options = options;
    this.#history = new History(options.store, options.keep ?? 50);
    const { clock, log } = options;
    this.#reports = new Reports({ history: this.#history, clock, log });
  }

  get events(): EventEmitter<DeploymentEvents> {
    return this.#reports.events;
  }

  /**
   * Before the parts start. Of the configuration file's group and the deployed one, the later wins: a file that was not
   * edited since the last deployment does not undo it.
   * @returns the group to begin with
   */
  async open(fromFile: D): Promise<D> {
    const died = await this.#history.load();
    const left = died === undefined ? undefined : await this.#left(died);
    const base = digestOf(fromFile);
    const { pointer } = this.#history;
    const deployed = pointer && (await this.#history.group(pointer.group));
    if (left !== undefined) {
      const onTrial = left.onTrial && pointer?.base === base;
      this.#awaited = { ...left, previous: deployed ?? fromFile, onTrial };
      if (onTrial) {
        this.#current = left.next;
        return left.next;
      }
    }
    if (deployed !== undefined && pointer?.base === base) {
      this.#current = deployed;
      if (pointer.clearing) await this.#clear(pointer.deployment);
      return deployed;
    }
    this.#current = fromFile;
    const record = this.#reports.building('Configuration', BY_FILE, {
      next: fromFile,
      previous: deployed ?? (NOTHING as D),
    });
    await this.#history.succeed({ ...record, status: 'Success' }, fromFile, {
      deployment: record.id,
      group: record.group,
      base,
    });
    return fromFile;
  }

  /** The parts run: from now on groups can be deployed to them, in this order. */
  attach(parts: readonly DeployedPart<D>[]): void {
    this.#parts = parts;
    const awaited = this.#awaited;
    this.#awaited = undefined;
    if (awaited === undefined) return;
    this.#running = this.#goOn(awaited, parts)
      .catch((error) => this.#options.log.error({ err: error }, messageOf(error)))
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** Waits for a deployment under way; takes no more. One that waits for another version of the application goes on after. */
  async close(): Promise<void> {
    this.#parts = undefined;
    this.#closing.abort();
    await this.#running;
  }

  /** The deployed group. */
  get current(): D | undefined {
    return this.#current;
  }

  /** Newest first. */
  list(limit = 50): readonly DeploymentRecord[] {
    return this.#history.records.slice(-limit).reverse();
  }

  /** @throws {DeploymentError} DEPLOYMENT_UNKNOWN */
  get(id: string): DeploymentRecord {
    const record = this.#history.records.find((known) => known.id === id);
    if (record === undefined) throw unknown(id);
    return record;
  }

  /**
   * @param next checked as configuration is; the parts check what only they can know
   * @param options.application another version of this application: both come, or neither does
   * @throws {DeploymentError} DEPLOYMENT_BUSY, DEPLOYMENT_STOPPED
   */
  deploy(
    next: D,
    options: { readonly by: string; readonly application?: BroughtApplication },
  ): Promise<Deployment> {
    return this.#begin('NewDeployment', next, options);
  }

  /**
   * Deploys the group of an earlier deployment once more.
   * @throws {DeploymentError} DEPLOYMENT_UNKNOWN, DEPLOYMENT_BUSY, DEPLOYMENT_STOPPED
   */
  async redeploy(id: string, { by }: { readonly by: string }): Promise<Deployment> {
    const group = await this.#history.group(this.get(id).group);
    if (group === undefined) throw unknown(id);
    return this.#begin('Redeployment', group, { by, again: id });
  }

  /**
   * Forgets functions, rows and shadows; things and their certificates stay.
   * @param options.force goes on past parts that fail
   * @throws {DeploymentError} DEPLOYMENT_BUSY, DEPLOYMENT_STOPPED
   */
  async reset(options: { readonly by: string; readonly force?: boolean }): Promise<Deployment> {
    const next = { ...this.#mustBeOpen(), functions: [], subscriptions: [] };
    return this.#begin(options.force ? 'ForceResetDeployment' : 'ResetDeployment', next, options);
  }

  async #begin(
    type: DeploymentType,
    next: D,
    options: { readonly by: string; readonly again?: string; readonly application?: BroughtApplication },
  ): Promise<Deployment> {
    const { by, again, application } = options;
    const previous = this.#mustBeOpen();
    const parts = this.#parts;
    if (parts === undefined) throw new DeploymentError('DEPLOYMENT_STOPPED', 'the core is not running');
    if (this.#running !== undefined) {
      throw new DeploymentError(
        'DEPLOYMENT_BUSY',
        'another deployment is under way; wait until it has ended',
      );
    }
    const record: DeploymentRecord = {
      ...this.#reports.building(type, by, { next, previous }),
      ...(again !== undefined && { again }),
      ...(application && { application: { id: application.id, file: application.file } }),
    };
    const begun = this.#history.begin(record, next);
    const done = begun
      .then(() => this.#carryOut(record, { next, previous, parts, application }))
      .finally(() => {
        this.#running = undefined;
      });
    // whoever waits for the end does not care how it ended
    this.#running = done.catch(() => {});
    await begun;
    this.#reports.tell(record);
    return { id: record.id, done };
  }

  async #carryOut(record: DeploymentRecord, change: Change<D>): Promise<DeploymentRecord> {
    const { next, parts, application } = change;
    try {
      const problems = await checkParts(parts, next);
      if (problems.length > 0 && record.type !== 'ForceResetDeployment')
        return await this.#reports.failed(record, 'the group cannot run here', problems);
      const inProgress = await this.#reports.inProgress(record);
      if (application === undefined) return await this.#apply(inProgress, { ...change, problems });
      await application.handOver();
      return await this.#whenUpdated(inProgress, change);
    } catch (error) {
      return this.#reports.failed(record, messageOf(error));
    }
  }

  /** The parts follow, once the new version of the application runs; in most cases that is another process. */
  async #whenUpdated(record: DeploymentRecord, change: Change<D>): Promise<DeploymentRecord> {
    const outcome = await this.#outcome(record);
    if (outcome === undefined) return record;
    if (outcome.failure !== undefined) return this.#reports.failed(record, outcome.failure);
    return this.#apply(record, { ...change, problems: [] });
  }

  /** What a former process left: a deployment that waits for this version, or that this version was not fit for. */
  async #goOn(awaited: Awaited<D>, parts: readonly DeployedPart<D>[]): Promise<void> {
    const { record, next, previous, onTrial } = awaited;
    if (!onTrial) {
      await this.#whenUpdated(record, { next, previous, parts });
      return;
    }
    const outcome = await this.#outcome(record);
    if (outcome === undefined) return;
    if (outcome.failure === undefined) this.#reports.tell(await this.#switch(record, next, []));
    else {
      this.#current = previous;
      await this.#reports.failed(record, outcome.failure, await restoreParts(parts, previous));
    }
  }

  #outcome({ application }: DeploymentRecord) {
    const { application: updates, clock } = this.#options;
    if (updates === undefined || application === undefined)
      throw new DeploymentError('DEPLOYMENT_STOPPED', 'this instance takes no versions of the application');
    return untilUpdated(updates, application.id, { clock, signal: this.#closing.signal });
  }

  async #apply(
    record: DeploymentRecord,
    change: Change<D> & { readonly problems: readonly string[] },
  ): Promise<DeploymentRecord> {
    const { next, previous, parts, problems } = change;
    const force = record.type === 'ForceResetDeployment';
    const touched: DeployedPart<D>[] = [];
    let success: DeploymentRecord;
    try {
      const unmet = await applyParts(parts, next, { force, touched });
      success = await this.#switch(record, next, [...problems, ...unmet]);
    } catch (error) {
      // told in the record, with what became of the way back; when the disk refuses that too, the caller is told
      return this.#reports.failed(record, messageOf(error), await restoreParts(touched, previous));
    }
    if (this.#history.pointer?.clearing) await this.#clear(record.id);
    this.#reports.tell(success);
    return success;
  }

  async #switch(record: DeploymentRecord, next: D, problems: readonly string[]): Promise<DeploymentRecord> {
    const success = await this.#reports.succeeded(record, next, problems);
    this.#current = next;
    return success;
  }

  /** What fails here is done again at the next start: the reset itself stands. */
  async #clear(id: string): Promise<void> {
    const { clear, log } = this.#options;
    try {
      await clear();
      await this.#history.cleared();
    } catch (error) {
      log.error(
        { deployment: id, err: error },
        `the reset is not complete, and is completed at the next start: ${messageOf(error)}`,
      );
    }
  }

  /** One that was under way when the process ended has failed, unless it waits for another version of the application. */
  async #left(id: string): Promise<Omit<Awaited<D>, 'previous'> | undefined> {
    const record = this.#history.records.find((known) => known.id === id);
    const next = record && (await this.#history.group(record.group));
    const { application: updates } = this.#options;
    if (record?.application === undefined || next === undefined || updates === undefined) {
      await this.#bury(id);
      return undefined;
    }
    const outcome = await updates.outcome(record.application.id);
    if (outcome === undefined) return { record, next, onTrial: await updates.onTrial(record.application.id) };
    if (outcome.failure !== undefined) await this.#reports.failed(record, outcome.failure);
    else this.#reports.tell(await this.#switch(record, next, []));
    return undefined;
  }

  async #bury(id: string): Promise<void> {
    const record = this.#history.records.find((known) => known.id === id);
    if (record === undefined) return;
    await this.#reports.failed(record, 'the core ended while it was under way; the former group is kept', []);
  }

  #mustBeOpen(): D {
    if (this.#current === undefined)
      throw new DeploymentError('DEPLOYMENT_STOPPED', 'the core is not running');
    return this.#current;
  }
}

function unknown(id: string): DeploymentError {
  return new DeploymentError(
    'DEPLOYMENT_UNKNOWN',
    `there is no deployment ${id} whose group is kept; see greenlight deployments`,
  );
}
