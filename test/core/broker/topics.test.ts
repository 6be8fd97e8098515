import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Framer } from '../../../src/core/broker/packets/framer.js';
import { FilterTree, NameTree } from '../../../src/core/broker/topic-tree.js';
import { isTopicFilter, isTopicName, parseFilter } from '../../../src/core/broker/topics.js';

/** Section 4.7 once more, level by level and as slowly as it is written. */
function matches(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false;
  const wanted = filter.split('/');
  const levels = topic.split('/');
  for (const [i, level] of wanted.entries()) {
    if (level === '#') return true;
    if (i >= levels.length) return false;
    if (level !== '+' && level !== levels[i]) return false;
  }
  return wanted.length === levels.length || (wanted.length === levels.length + 1 && wanted.at(-1) === '#');
}

const level = fc.constantFrom('a', 'b', '', '$x', 'ä');
const topic = fc
  .array(level, { minLength: 1, maxLength: 4 })
  .map((levels) => levels.join('/'))
  .filter(isTopicName);
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([levels, rest]) => [...levels, ...(rest ? ['#'] : [])].join('/'))
  .filter(isTopicFilter);

describe('the trees', () => {
  it('find filters by topic and topics by filter as section 4.7 says', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(filter, { maxLength: 12 }),
        fc.uniqueArray(topic, { maxLength: 12 }),
        (filters, topics) => {
          const byFilter = new FilterTree<string>();
          const byName = new NameTree<string>();
          for (const text of filters) byFilter.set(text, 'key', text);
          for (const text of topics) byName.set(text, text);
          for (const name of topics) {
            expect(byFilter.match(name).sort()).toEqual(filters.filter((text) => matches(text, name)).sort());
          }
          for (const text of filters) {
            expect(byName.match(text).sort()).toEqual(topics.filter((name) => matches(text, name)).sort());
          }
          for (const text of filters) expect(byFilter.delete(text, 'key')).toBe(true);
          for (const text of topics) expect(byName.delete(text)).toBe(text);
          for (const name of topics) expect(byFilter.match(name)).toEqual([]);
          expect(byName.match('#')).toEqual([]);
        },
      ),
    );
  });

  it('take shared filters apart', () => {
    expect(parseFilter('$share/g/a/+')).toEqual({ filter: 'a/+', share: 'g' });
    expect(parseFilter('$share/g//')).toEqual({ filter: '/', share: 'g' });
    for (const text of ['$share', '$sharex/y']) expect(parseFilter(text)).toMatchObject({ share: undefined });
    for (const text of ['$share/', '$share/g', '$share/g/', '$share/+/a', '$share//a']) {
      expect(parseFilter(text)).toBeUndefined();
    }
  });
});

describe('the framer', () => {
  it('cuts the same packets out of a stream however it is divided, and resumes where it was held', () => {
    const packet = fc
      .tuple(fc.integer({ min: 1, max: 15 }), fc.uint8Array({ maxLength: 300 }))
      .map(([type, body]) => {
        const length = body.length < 128 ? [body.length] : [(body.length & 0x7f) | 0x80, body.length >> 7];
        return Buffer.from([type << 4, ...length, ...body]);
      });
    const cuts = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(
        fc.array(packet, { maxLength: 10 }),
        cuts,
        fc.integer({ min: 1, max: 4 }),
        (packets, sizes, every) => {
          const got: string[] = [];
          let asked = 0;
          const framer = new Framer(1_000, (buffer, at, _start, end) => {
            asked += 1;
            if (asked % every === 0 && every > 1) return false;
            got.push(buffer.toString('hex', at, end));
            return true;
          });
          const bytes = Buffer.concat(packets);
          for (let at = 0, i = 0; at < bytes.length; i += 1) {
            const size = sizes[i % sizes.length] as number;
            framer.push(bytes.subarray(at, at + size));
            at += size;
          }
          while (framer.pending > 0) framer.resume();
          expect(got).toEqual(packets.map((one) => one.toString('hex')));
        },
      ),
    );
  });

  it('refuses a length above the maximum before the packet is there', () => {
    const framer = new Framer(100, () => true);
    expect(() => framer.push(Buffer.from([0x30, 0x80, 0x01]))).toThrow(
      expect.objectContaining({ code: 'BROKER_PROTOCOL', reason: 0x95 }),
    );
  });
});
