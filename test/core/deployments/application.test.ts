import { describe, expect, it } from 'vitest';
import { SILENT, VirtualClock } from '../../../hal/index.js';
import {
  type ApplicationOutcome,
  type ApplicationUpdates,
  type DeployedPart,
  DeploymentService,
  type GroupDocument,
} from '../../../src/core/deployments/index.js';
import { MemoryStore } from '../../../src/store/memory.js';
import { until } from '../../support/until.js';

const group = (...names: string[]): GroupDocument => ({
  things: names.map((name) => ({ name })),
  functions: [],
  subscriptions: [],
});
const FORMER = group('A');
const NEXT = group('A', 'B');

/** One machine: what is on disk, and the updater's word. Each service is a process on it. */
function machine() {
  const store = new MemoryStore();
  const clock = new VirtualClock();
  const state = { outcome: undefined as ApplicationOutcome | undefined, onTrial: false };
  const application: ApplicationUpdates = {
    outcome: async () => state.outcome,
    onTrial: async () => state.onTrial,
  };
  /** A process: the group that it began with, and those that its parts followed after. */
  const begin = async () => {
    const service = new DeploymentService<GroupDocument>({
      store: store.section('deployments'),
      clock,
      log: SILENT,
      clear: async () => {},
      application,
    });
    const began = await service.open(FORMER);
    const followed: GroupDocument[] = [];
    const part: DeployedPart<GroupDocument> = {
      name: 'part',
      apply: async (next) => void followed.push(next),
    };
    service.attach([part]);
    return { service, began, followed };
  };
  const handed: string[] = [];
  const deploy = (service: DeploymentService<GroupDocument>) => {
    const handOver = async () => void handed.push('new.tgz');
    return service.deploy(NEXT, { by: 'tester', application: { id: 'u1', file: 'new.tgz', handOver } });
  };
  const ended = async (service: DeploymentService<GroupDocument>) => {
    await until(async () => {
      await clock.advance(500);
      return !['Building', 'InProgress'].includes(service.list()[0]!.status);
    });
    return service.list()[0]!;
  };
  return { state, begin, deploy, handed, ended, clock };
}

describe('a deployment with another version of the application', () => {
  it('goes on in the new version, which begins with the new group, and ends when that is healthy', async () => {
    const { state, begin, deploy, handed, ended } = machine();
    const old = await begin();
    const { id, done } = await deploy(old.service);
    await until(() => handed.length === 1);
    // restarted by the updater
    await old.service.close();
    expect(await done).toMatchObject({ status: 'InProgress', application: { id: 'u1', file: 'new.tgz' } });
    expect(old.followed).toEqual([]);

    state.onTrial = true;
    const fresh = await begin();
    expect(fresh.began).toEqual(NEXT);
    expect(fresh.service.get(id).status).toBe('InProgress');
    state.outcome = {};
    expect(await ended(fresh.service)).toMatchObject({ id, status: 'Success' });
    expect(fresh.followed).toEqual([]);
    state.onTrial = false;
    expect((await begin()).began).toEqual(NEXT);
  });

  it('leaves the former group when the new version is taken back', async () => {
    const { state, begin, deploy, handed, ended } = machine();
    const old = await begin();
    const { id } = await deploy(old.service);
    await until(() => handed.length === 1);
    await old.service.close();
    state.onTrial = true;
    const trial = await begin();
    expect(trial.began).toEqual(NEXT);
    await trial.service.close();

    // the former version runs before the updater has written its end
    state.onTrial = false;
    const back = await begin();
    expect(back.began).toEqual(FORMER);
    state.outcome = { failure: 'it did not become ready; 1.0.0 runs again' };
    expect(await ended(back.service)).toMatchObject({
      id,
      status: 'Failure',
      errorMessage: 'it did not become ready; 1.0.0 runs again',
    });
    expect((await begin()).began).toEqual(FORMER);
  });

  it('fails where it was refused, and the running group stays', async () => {
    const { state, begin, deploy, ended } = machine();
    const { service, followed } = await begin();
    await deploy(service);
    state.outcome = { failure: 'the signature is not of the configured key' };
    expect(await ended(service)).toMatchObject({
      status: 'Failure',
      errorMessage: expect.stringContaining('signature'),
    });
    expect(followed).toEqual([]);
    expect(service.current).toEqual(FORMER);
    state.outcome = undefined;
    await expect(deploy(service)).resolves.toBeDefined();
  });

  it('follows the group in this process when the new version came without ending it', async () => {
    const { state, begin, deploy, ended } = machine();
    const { service, followed } = await begin();
    await deploy(service);
    state.outcome = {};
    expect(await ended(service)).toMatchObject({ status: 'Success' });
    expect(followed).toEqual([NEXT]);
  });

  it('is settled at the start when its end is known by then', async () => {
    for (const [outcome, began, status] of [
      [{}, NEXT, 'Success'],
      [{ failure: 'no' }, FORMER, 'Failure'],
    ] as const) {
      const { state, begin, deploy, handed } = machine();
      const old = await begin();
      await deploy(old.service);
      await until(() => handed.length === 1);
      await old.service.close();
      state.outcome = outcome;
      const next = await begin();
      expect(next.began).toEqual(began);
      expect(next.service.list()[0]).toMatchObject({ status });
    }
  });

  it('brings the former group back to the parts when a version on trial fails and is not ended', async () => {
    const { state, begin, deploy, handed, ended } = machine();
    const old = await begin();
    await deploy(old.service);
    await until(() => handed.length === 1);
    await old.service.close();
    state.onTrial = true;
    const trial = await begin();
    state.outcome = { failure: 'cut off' };
    expect(await ended(trial.service)).toMatchObject({ status: 'Failure' });
    expect(trial.followed).toEqual([FORMER]);
    expect(trial.service.current).toEqual(FORMER);
  });
});
