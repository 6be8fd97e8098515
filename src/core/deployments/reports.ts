import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { Clock, Log } from '../../../hal/index.js';
import { changesBetween, digestOf, type GroupDocument } from './document.js';
import type { History } from './history.js';
import type { DeploymentRecord, DeploymentType } from './record.js';

export interface DeploymentEvents {
  /** Every change of a status, after it is on disk. */
  changed: [record: DeploymentRecord];
}

export interface ReportsOptions<D extends GroupDocument> {
  readonly history: History<D>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Each status that a deployment comes to: on disk first, then told. */
export class Reports<D extends GroupDocument> {
  readonly events = new EventEmitter<DeploymentEvents>();

  constructor(private readonly options: ReportsOptions<D>) {}

  /** Of a deployment that begins; neither on disk nor told yet. */
  building(
    type: DeploymentType,
    by: string,
    { next, previous }: { readonly next: D; readonly previous: D },
  ): DeploymentRecord {
    const { clock, history } = this.options;
    const now = clock.now();
    return {
      id: randomUUID(),
      sequence: (history.records.at(-1)?.sequence ?? 0) + 1,
      type,
      status: 'Building',
      by,
      createdAt: now,
      updatedAt: now,
      changes: changesBetween(previous, next),
      group: digestOf(next),
    };
  }

  async inProgress(record: DeploymentRecord): Promise<DeploymentRecord> {
    const { clock, history } = this.options;
    const updated: DeploymentRecord = { ...record, status: 'InProgress', updatedAt: clock.now() };
    await history.progress(updated);
    this.tell(updated);
    return updated;
  }

  /** From this write on, the next group is the deployed one. It is not told yet. */
  async succeeded(record: DeploymentRecord, next: D, problems: readonly string[]): Promise<DeploymentRecord> {
    const { clock, history } = this.options;
    const success: DeploymentRecord = {
      ...record,
      status: 'Success',
      updatedAt: clock.now(),
      ...(problems.length > 0 && { errorDetails: problems }),
    };
    await history.succeed(success, next, {
      deployment: record.id,
      group: record.group,
      base: history.pointer?.base ?? record.group,
      ...(record.type.endsWith('ResetDeployment') && { clearing: true as const }),
    });
    return success;
  }

  async failed(
    record: DeploymentRecord,
    message: string,
    details: readonly string[] = [],
  ): Promise<DeploymentRecord> {
    const { clock, history } = this.options;
    const failure: DeploymentRecord = {
      ...record,
      status: 'Failure',
      updatedAt: clock.now(),
      errorMessage: message,
      ...(details.length > 0 && { errorDetails: details }),
    };
    await history.fail(failure);
    this.tell(failure);
    return failure;
  }

  tell(record: DeploymentRecord): void {
    const { id, type, status, errorMessage, errorDetails } = record;
    const line = `deployment ${id} (${type}): ${status}${errorMessage === undefined ? '' : `: ${errorMessage}`}`;
    const { log } = this.options;
    if (status === 'Failure') log.error({ deployment: id, details: errorDetails }, line);
    else log.info({ deployment: id }, line);
    this.events.emit('changed', record);
  }
}
