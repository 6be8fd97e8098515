import { describe, expect, it } from 'vitest';
import { publisher } from '../../devices/publisher.js';
import { subscriber } from '../../devices/subscriber.js';
import { effectiveOptions, makeRole } from './rig.js';

const TOPIC = 'hello/world/pubsub';

describe('publisher', () => {
  it('publishes counted messages, the first at once', async () => {
    const { neighbours, clock } = await makeRole(publisher, { options: { every: '2s', message: 'Hi' } });
    await clock.advance(4_000);
    expect(neighbours.published).toEqual([
      { topic: TOPIC, payload: { message: 'Hi', sequence: 0 } },
      { topic: TOPIC, payload: { message: 'Hi', sequence: 1 } },
      { topic: TOPIC, payload: { message: 'Hi', sequence: 2 } },
    ]);
  });

  it('leaves a gap for messages that could not be sent, and says so once', async () => {
    const { neighbours, clock, logged, faults } = await makeRole(publisher, { options: { every: '1s' } });
    await clock.advance(1_000);
    neighbours.refusal = new Error('queue full');
    await clock.advance(3_000);
    neighbours.refusal = undefined;
    await clock.advance(1_000);
    expect(neighbours.payloads.map((payload) => payload.sequence)).toEqual([0, 1, 5]);
    expect(logged.map((line) => [line.level, line.message])).toEqual([
      ['warn', 'message not sent: queue full'],
      ['info', 'messages are sent again'],
    ]);
    expect(faults).toEqual([]);
  });

  it('ends with stop', async () => {
    const { role, clock } = await makeRole(publisher);
    await role.stop();
    expect(clock.pending).toBe(0);
  });

  it('implies rows to its recipients', () => {
    const options = effectiveOptions(publisher, { topic: 'a/b', to: ['cloud', 'Other'] }) as never;
    expect(publisher.traffic('Me', options)).toEqual({
      shadow: false,
      publishes: [{ subject: 'a/b', to: ['cloud', 'Other'] }],
    });
  });
});

describe('subscriber', () => {
  it('logs what it receives and counts what was skipped', async () => {
    const { neighbours, role, logged, changes } = await makeRole(subscriber, { options: { topic: 'a/+' } });
    for (const sequence of [0, 1, 4, 0]) neighbours.deliver('a/+', 'a/b', { message: 'Hi', sequence });
    neighbours.deliver('a/+', 'a/c', 'plain text');
    expect(role.state()).toEqual({ received: 5, lost: 2, last: 'plain text' });
    expect(logged.map((line) => line.message)).toEqual([
      ...[0, 1, 4, 0].map((sequence) => `a/b: {"message":"Hi","sequence":${sequence}}`),
      'a/c: "plain text"',
    ]);
    expect(logged[0]?.fields).toMatchObject({ topic: 'a/b', payload: { message: 'Hi', sequence: 0 } });
    expect(changes.count).toBe(5);
  });

  it('ends with stop', async () => {
    const { neighbours, role } = await makeRole(subscriber);
    await role.stop();
    expect(neighbours.listeners).toBe(0);
  });

  it('implies a row from its source, and none without', () => {
    const from = effectiveOptions(subscriber, { from: 'Publisher' }) as never;
    expect(subscriber.traffic('Me', from).receives).toEqual([{ subject: TOPIC, from: 'Publisher' }]);
    expect(subscriber.traffic('Me', effectiveOptions(subscriber, {}) as never).receives).toEqual([]);
  });
});
