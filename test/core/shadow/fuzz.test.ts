import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { startService } from './support/service.js';

/** Documents with a byte here and there gone, changed or doubled, and plain rubbish. */
const mangled = fc
  .tuple(
    fc.constantFrom(
      '{"state":{"desired":{"a":[1,{"b":2}]},"reported":{"c":"x"}},"version":1,"clientToken":"t"}',
      '{"state":null}',
      '{"state":{"reported":{"a":{"b":{"c":{"d":{"e":{"f":1}}}}}}}}',
    ),
    fc.array(fc.tuple(fc.nat(90), fc.nat(255), fc.constantFrom('drop', 'set', 'add')), { maxLength: 4 }),
  )
  .map(([text, edits]) => {
    let bytes = [...Buffer.from(text)];
    for (const [at, byte, how] of edits) {
      const kept = how === 'add' ? at : at + 1;
      bytes = [...bytes.slice(0, at), ...(how === 'drop' ? [] : [byte]), ...bytes.slice(kept)];
    }
    return Buffer.from(bytes);
  });
const payload = fc.oneof(
  mangled,
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.json().map((text) => Buffer.from(text)),
);

describe('whatever a client sends', () => {
  it('is answered once, accepted or rejected with a code of the protocol', async () => {
    const { client, heard, idle, service } = await startService({ limits: { inFlightPerClient: 100 } });
    await fc.assert(
      fc.asyncProperty(
        fc.array(payload, { maxLength: 20 }),
        fc.constantFrom('get', 'update', 'delete'),
        async (payloads, operation) => {
          heard.length = 0;
          for (const each of payloads)
            void client.publish({ topic: `$aws/things/T/shadow/${operation}`, payload: each });
          await idle();
          const answers = heard.filter(({ topic }) => /\/(accepted|rejected)$/.test(topic));
          expect(answers).toHaveLength(payloads.length);
          for (const { topic, body } of answers) {
            if (topic.endsWith('rejected')) expect([400, 404, 409, 413, 415]).toContain(body.code);
          }
        },
      ),
      { numRuns: 500 },
    );
    expect(service.status()).toMatchObject({
      pendingRequests: 0,
      pendingBytes: 0,
      busyShadows: 0,
      storeFailures: 0,
    });
  });

  it('as a topic does no harm and is answered at most once', async () => {
    const { client, heard, idle, service } = await startService();
    const level = fc.oneof(
      fc.constantFrom('shadow', 'name', 'get', 'update', 'delete', 'accepted', '', 'T', '$aws', 'things'),
      fc.string({ maxLength: 5 }).map((text) => text.replace(/[+#\0]/g, '')),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(level, { maxLength: 6 }), async (levels) => {
        heard.length = 0;
        await client.publish({ topic: ['$aws/things', ...levels].join('/'), payload: '{"state":{}}' });
        await idle();
        expect(heard.filter(({ topic }) => /\/(accepted|rejected)$/.test(topic)).length).toBeLessThanOrEqual(
          1,
        );
      }),
      { numRuns: 500 },
    );
    expect(service.status().busyShadows).toBe(0);
  });
});
