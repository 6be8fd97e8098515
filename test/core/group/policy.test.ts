import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../hal/index.js';
import type { ConnectAttempt } from '../../../src/core/broker/contract.js';
import { recordingLog } from '../identity/support.js';
import { CROSSING, groupWith, policyOf, row } from './support.js';

const attempt = (identity: string | undefined, clientId = identity ?? 'X'): ConnectAttempt => ({
  peer: { address: '127.0.0.1:5000', ...(identity !== undefined && { identity }) },
  clientId,
  protocolVersion: 5,
  username: '?SDK=IoTDeviceSDK/JS',
  password: undefined,
});
const HELLO = row('Publisher', 'hello/world', 'Subscriber');

describe('who may connect', () => {
  const policy = policyOf(groupWith(), { revoked: { Light2: '2026-11-20T10:00:00.000Z' } });

  it('is a thing of the group under its own name, and the core', () => {
    expect(policy.connect(attempt('Light1'))).toEqual({ allowed: true });
    expect(policy.connect(attempt('Core'))).toEqual({ allowed: true });
  });

  it.each([
    ['no certificate', attempt(undefined), 'it showed no certificate of this group'],
    [
      'the client id of another thing',
      attempt('Light1', 'Switch'),
      'the client id "Switch" is not Light1, the thing of its certificate',
    ],
    ['no client id', attempt('Light1', ''), 'the client id "" is not Light1, the thing of its certificate'],
    [
      'a suffix to its name',
      attempt('Light1', 'Light1#2'),
      'the client id "Light1#2" is not Light1, the thing of its certificate',
    ],
    ['a revoked certificate', attempt('Light2'), 'the thing Light2 was revoked on 2026-11-20T10:00:00.000Z'],
    [
      'a certificate outside the group',
      attempt('Guest'),
      'the thing Guest is not a member of the group crossing',
    ],
    [
      'the name of a function',
      attempt('Aggregator'),
      'the thing Aggregator is not a member of the group crossing',
    ],
    ['the name of a service', attempt('cloud'), 'the thing cloud is not a member of the group crossing'],
  ])('is nobody with %s', (_, tried, reason) => {
    expect(policy.connect(tried)).toEqual({ allowed: false, reason });
  });

  it('changes with the group at once', () => {
    const group = groupWith();
    const changing = policyOf(group);
    group.join('Guest');
    expect(changing.connect(attempt('Guest'))).toEqual({ allowed: true });
    group.leave('Guest');
    expect(changing.connect(attempt('Guest'))).toMatchObject({ allowed: false });
  });
});

describe('what may pass', () => {
  it('follows the table, and forgets what it remembered when the table changes', () => {
    const group = groupWith(HELLO);
    const policy = policyOf(group);
    for (let twice = 0; twice < 2; twice++) {
      expect(policy.publish('Publisher', 'hello/world')).toEqual({ allowed: true });
      expect(policy.publish('Subscriber', 'hello/world')).toMatchObject({ allowed: false });
      expect(policy.pass('Publisher', 'hello/world', 'Subscriber')).toBe(true);
      expect(policy.pass('Publisher', 'hello/world', 'Light1')).toBe(false);
    }
    group.replace({ ...CROSSING, rows: [row('Subscriber', 'hello/world', 'Light1')] });
    expect(policy.publish('Publisher', 'hello/world')).toMatchObject({ allowed: false });
    expect(policy.publish('Subscriber', 'hello/world')).toEqual({ allowed: true });
    expect(policy.pass('Publisher', 'hello/world', 'Subscriber')).toBe(false);
    expect(policy.pass('Subscriber', 'hello/world', 'Light1')).toBe(true);
  });

  it('lets a client hold any filter within the limits', () => {
    const policy = policyOf(groupWith());
    for (const filter of ['#', '$aws/#', 'nobody/sends/this']) {
      expect(policy.subscribe('Light1', filter)).toEqual({ allowed: true });
    }
    expect(policy.subscribe('Light1', 'ü'.repeat(129))).toMatchObject({
      allowed: false,
      reason: 'the topic filter is longer than 256 bytes',
    });
  });

  it('keeps the limits of topics', () => {
    const policy = policyOf(
      groupWith(row('Publisher', '#', 'Subscriber'), row('Publisher', '$aws/#', 'Subscriber')),
    );
    expect(policy.publish('Publisher', 'x'.repeat(256))).toEqual({ allowed: true });
    expect(policy.publish('Publisher', 'ü'.repeat(129))).toMatchObject({
      reason: 'the topic is longer than 256 bytes',
    });
    expect(policy.publish('Publisher', '1/2/3/4/5/6/7/8')).toEqual({ allowed: true });
    expect(policy.publish('Publisher', '1/2/3/4/5/6/7/8/9')).toMatchObject({
      reason: 'the topic has more than 7 slashes',
    });
    expect(policy.publish('Publisher', '$aws/things/T/shadow/name/S/update/accepted')).toEqual({
      allowed: true,
    });
    expect(policy.publish('Publisher', '$aws/rules/R/1/2/3/4/5/6/7/8')).toEqual({ allowed: true });
    expect(policy.publish('Publisher', '$aws/rules/R/1/2/3/4/5/6/7/8/9')).toMatchObject({ allowed: false });
  });

  it('leaves the program’s own ports alone', () => {
    const policy = policyOf(groupWith(), { internal: ['.dashboard'] });
    expect(policy.pass('Light1', 'anything', '.dashboard')).toBe(true);
    expect(policy.pass('.dashboard', 'anything', 'Light1')).toBe(true);
    expect(policy.publish('.dashboard', 'anything')).toEqual({ allowed: true });
    expect(policy.connect(attempt('.dashboard'))).toMatchObject({ allowed: false });
  });

  it('remembers no more than fits, whatever a client invents', () => {
    const policy = policyOf(groupWith(row('Publisher', 'x/#', 'Subscriber')));
    for (let n = 0; n < 50_000; n++) policy.pass('Publisher', `x/${n}`, 'Subscriber');
    expect(policy.pass('Publisher', 'x/1', 'Subscriber')).toBe(true);
    expect(policy.pass('Publisher', 'y/1', 'Subscriber')).toBe(false);
  });
});

describe('refused messages', () => {
  it('are logged once, counted by source and topic, and summed up once a minute', async () => {
    const clock = new VirtualClock();
    const log = recordingLog();
    const policy = policyOf(groupWith(HELLO), { clock, log });
    await policy.start(new AbortController().signal);
    for (let n = 0; n < 1_000; n++) policy.publish('Light1', 'hello/world');
    expect(log.lines).toEqual([
      {
        level: 'warn',
        fields: { source: 'Light1', topic: 'hello/world' },
        message:
          'Message dropped: Light1 published hello/world, but no subscription row has this source and subject',
      },
    ]);
    await clock.advance(60_000);
    expect(log.lines[1]).toMatchObject({ fields: { source: 'Light1', topic: 'hello/world', count: 999 } });
    await clock.advance(600_000);
    expect(log.lines).toHaveLength(2);
    expect(policy.refusals()).toMatchObject({
      total: 1_000,
      others: 0,
      refusals: [{ source: 'Light1', topic: 'hello/world', count: 1_000 }],
    });
    await policy.stop();
    expect(clock.pending).toBe(0);
  });

  it('fill neither log nor memory, whatever a client invents', async () => {
    const clock = new VirtualClock();
    const log = recordingLog();
    const policy = policyOf(groupWith(), { clock, log });
    await policy.start(new AbortController().signal);
    for (let n = 0; n < 5_000; n++) policy.publish('Light1', `invented/${n}`);
    await clock.advance(60_000);
    expect(log.lines.length).toBeLessThanOrEqual(21);
    expect(log.lines.at(-1)?.fields).toMatchObject({ pairs: expect.any(Number), count: expect.any(Number) });
    const status = policy.refusals();
    expect(status.total).toBe(5_000);
    expect(status.refusals).toHaveLength(1_000);
    expect(status.others).toBe(4_000);
    expect(status.refusals[0]?.topic).toBe('invented/4999');
    await policy.stop();
  });

  it('do not count what the services say to nobody', () => {
    const policy = policyOf(groupWith());
    expect(policy.publish('GGShadowService', '$aws/things/Gone/shadow/update/documents')).toEqual({
      allowed: true,
    });
    expect(policy.publish('cloud', 'news')).toEqual({ allowed: true });
    expect(policy.refusals().total).toBe(0);
  });
});
