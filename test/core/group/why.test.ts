import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { impliedRows, OWN_NAME, rowText, type SubscriptionRow } from '../../../src/core/group/index.js';
import { CROSSING, groupWith, row } from './support.js';

describe('why', () => {
  const group = groupWith(
    row('Publisher', 'hello/world', 'Subscriber'),
    ...impliedRows('Switch', { shadow: true, drives: ['Light1'] }),
    row({ role: 'traffic-light' }, `lamps/${OWN_NAME}/state`, 'cloud'),
  );
  const update = '$aws/things/Light1/shadow/update';

  it('names the row that lets a message pass, and where the row comes from', () => {
    const answer = group.why({ client: 'Switch', action: 'publish', topic: update, to: 'GGShadowService' });
    expect(answer.passes).toBe(true);
    expect(answer.sentence).toBe(
      `Switch may publish ${update} to GGShadowService: row Switch → ${update} → GGShadowService (Switch controls Light1).`,
    );
  });

  it('names all that a publisher reaches', () => {
    const both = groupWith(row('Publisher', 'a/+', 'Subscriber'), row('Publisher', 'a/b', 'cloud'));
    const answer = both.why({ client: 'Publisher', action: 'publish', topic: 'a/b' });
    expect(answer.rows.map(rowText)).toEqual(['Publisher → a/+ → Subscriber', 'Publisher → a/b → cloud']);
    expect(answer.sentence).toMatch(/and 1 more\.$/);
  });

  it.each([
    ['Publisher', 'hello/world', 'Light1', ['target'], 'its target is Subscriber, not Light1'],
    ['Publisher', 'hello/mars', 'Subscriber', ['subject'], 'its subject is hello/world, not hello/mars'],
    ['Light1', 'hello/world', 'Subscriber', ['source'], 'its source is Publisher, not Light1'],
  ] as const)('names the nearest row for %s, %s, %s', (client, topic, to, differs, words) => {
    const answer = group.why({ client, action: 'publish', topic, to });
    expect(answer).toMatchObject({ passes: false, rows: [], nearest: { differs } });
    expect(rowText(answer.nearest?.row as SubscriptionRow)).toBe('Publisher → hello/world → Subscriber');
    expect(answer.sentence).toBe(
      `No row lets ${client} publish ${topic} to ${to}. Nearest is Publisher → hello/world → Subscriber (configured): ${words}.`,
    );
  });

  it('says that a thing reaches only its own shadow', () => {
    const answer = group.why({ client: 'Light2', action: 'publish', topic: update });
    expect(answer.passes).toBe(false);
    expect(answer.nearest?.differs).toHaveLength(1);
  });

  it('says what a subscription can bring', () => {
    const yes = group.why({ client: 'Subscriber', action: 'subscribe', topic: 'hello/#' });
    expect(yes.sentence).toBe(
      'Subscriber may receive hello/#: row Publisher → hello/world → Subscriber (configured).',
    );
    const no = group.why({ client: 'Light2', action: 'subscribe', topic: 'hello/#' });
    expect(no).toMatchObject({ passes: false, nearest: { differs: ['target'] } });
  });

  it('says what no row can mend: the topic itself', () => {
    const sentence = (action: 'publish' | 'subscribe', topic: string): string =>
      group.why({ client: 'Switch', action, topic }).sentence;
    expect(sentence('publish', 'a/+/b')).toBe(
      'No row can help: a/+/b has a wildcard, and a message is published on one topic.',
    );
    expect(sentence('publish', '1/2/3/4/5/6/7/8/9')).toContain('has more than 7 slashes.');
    expect(sentence('publish', 'x'.repeat(257))).toContain('is longer than 256 bytes.');
    expect(sentence('subscribe', '')).toBe('No row can help: "" is no topic.');
    expect(sentence('subscribe', 'a/+/b')).not.toContain('No row can help');
  });

  it('says that somebody is no member', () => {
    const answer = group.why({ client: 'Nobody\nelse', action: 'publish', topic: 'a' });
    expect(answer.sentence).toBe('"Nobody\\nelse" is not a member of the group.');
    expect(group.why({ client: 'Switch', action: 'publish', topic: 'a', to: 'Nobody' }).sentence).toBe(
      'Nobody is not a member of the group.',
    );
  });

  it('agrees with what the table does', () => {
    const client = fc.constantFrom(
      'Publisher',
      'Subscriber',
      'Switch',
      'Light1',
      'Light2',
      'Aggregator',
      'cloud',
      'GGShadowService',
    );
    const topic = fc.constantFrom(
      'hello/world',
      update,
      `${update}/accepted`,
      'lamps/Light1/state',
      'lamps/Light2/state',
      'x',
    );
    fc.assert(
      fc.property(client, topic, client, (from, on, to) => {
        const answer = group.why({ client: from, action: 'publish', topic: on, to });
        expect(answer.passes).toBe(group.table.passes(from, on, to));
        expect(group.why({ client: from, action: 'publish', topic: on }).passes).toBe(
          group.table.mayPublish(from, on),
        );
      }),
    );
  });

  it('says, when one row is removed, that exactly this one is missing', () => {
    const rows = [row('Publisher', 'hello/world', 'Subscriber'), row('Switch', 'hello/switch', 'Subscriber')];
    const without = groupWith(...rows);
    without.replace({ ...CROSSING, rows: rows.slice(1) });
    const answer = without.why({
      client: 'Publisher',
      action: 'publish',
      topic: 'hello/world',
      to: 'Subscriber',
    });
    expect(answer.passes).toBe(false);
    expect(
      without.why({ client: 'Switch', action: 'publish', topic: 'hello/switch', to: 'Subscriber' }).passes,
    ).toBe(true);
  });
});
