import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EdgeEvent } from '../../../hal/index.js';
import { decodeFrame, encodeFrame } from '../../../hal/sensors/dht/frame.js';
import { decodeTrain, encodeTrain, FALLING_EDGES, type TrainPulse } from '../../../hal/sensors/dht/train.js';

/** Edges of a train, each moved by up to ±jitter µs. */
function edges(
  pulses: readonly TrainPulse[],
  jitter: (index: number) => number = () => 0,
): readonly EdgeEvent[] {
  const events: EdgeEvent[] = [];
  let us = 1_000;
  let level: 'high' | 'low' = 'low';
  for (const pulse of pulses) {
    if (pulse.level !== level) {
      level = pulse.level;
      events.push({
        edge: level === 'high' ? 'rising' : 'falling',
        timestampNs: BigInt(Math.round((us + jitter(events.length)) * 1000)),
        sequence: events.length + 1,
      });
    }
    us += pulse.us;
  }
  return events;
}

const falling = (events: readonly EdgeEvent[]) => events.filter((event) => event.edge === 'falling');
const train = (bytes: readonly number[]) => edges(encodeTrain(Uint8Array.from(bytes)));

const tenths = (least: number, most: number) => fc.integer({ min: least, max: most }).map((n) => n / 10);
const reading = fc.record({ temperatureC: tenths(-400, 800), humidityPercent: tenths(1, 1000) });

describe('DHT frames', () => {
  it.each([
    // Data sheet of the AM2302: 65.2 %, 35.1 °C and 65.2 %, −10.1 °C.
    [[0x02, 0x8c, 0x01, 0x5f, 0xee], 35.1, 65.2],
    [[0x02, 0x8c, 0x80, 0x65, 0x73], -10.1, 65.2],
    [[0x01, 0xf4, 0x00, 0x00, 0xf5], 0, 50],
    [[0x01, 0xf4, 0x80, 0x00, 0x75], 0, 50],
    [[0x01, 0xf4, 0x03, 0x20, 0x18], 80, 50],
    [[0x03, 0xe7, 0x00, 0xfa, 0xe4], 25, 99.9],
  ])('read %j of a DHT22', (bytes, temperatureC, humidityPercent) => {
    const result = decodeTrain(train(bytes), 'dht22');
    expect(result).toEqual({ ok: true, temperatureC, humidityPercent });
    // Zero has no sign, which toEqual does not see.
    expect(result.ok && Object.is(result.temperatureC, -0)).toBe(false);
  });

  it.each([
    // Data sheet of the DHT11: 53 %, 24 °C, and its newer sibling with a decimal and a sign.
    [[0x35, 0x00, 0x18, 0x00, 0x4d], 24, 53],
    [[0x35, 0x00, 0x18, 0x04, 0x51], 24.4, 53],
    [[0x25, 0x00, 0x0a, 0x81, 0xb0], -10.1, 37],
  ])('read %j of a DHT11', (bytes, temperatureC, humidityPercent) => {
    expect(decodeTrain(train(bytes), 'dht11')).toEqual({ ok: true, temperatureC, humidityPercent });
  });

  it('come back as they went in', () => {
    fc.assert(
      fc.property(reading, (values) => {
        expect(decodeFrame(encodeFrame(values, 'dht22'), 'dht22')).toEqual({ ok: true, ...values });
      }),
    );
    fc.assert(
      fc.property(
        fc.record({ temperatureC: tenths(-200, 600), humidityPercent: tenths(10, 1000) }),
        (values) => {
          expect(decodeFrame(encodeFrame(values, 'dht11'), 'dht11')).toEqual({ ok: true, ...values });
        },
      ),
    );
  });

  it('are refused when the checksum is wrong, all bits are zero, or the values are impossible', () => {
    expect(decodeTrain(train([0x02, 0x8c, 0x01, 0x5f, 0xef]), 'dht22')).toMatchObject({ reason: 'checksum' });
    expect(decodeTrain(train([0, 0, 0, 0, 0]), 'dht22')).toMatchObject({ reason: 'range' });
    // A DHT11 read as a DHT22.
    expect(decodeTrain(train([0x35, 0x00, 0x18, 0x00, 0x4d]), 'dht22')).toMatchObject({ reason: 'range' });
    expect(decodeTrain(train([0x03, 0xe9, 0x00, 0xfa, 0xe6]), 'dht22')).toMatchObject({ reason: 'range' });
  });
});

describe('DHT trains', () => {
  const frame = encodeFrame({ temperatureC: -10.1, humidityPercent: 99.9 }, 'dht22');

  it('have 42 falling edges and 85 in all with the release', () => {
    expect(falling(edges(encodeTrain(frame)))).toHaveLength(FALLING_EDGES);
    expect(edges(encodeTrain(frame))).toHaveLength(85);
  });

  it('are read with every edge off by up to 10 µs, as long as the answer is right or refused', () => {
    let read = 0;
    fc.assert(
      fc.property(
        reading,
        fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 85, maxLength: 85 }),
        (values, jitter) => {
          const result = decodeTrain(
            edges(encodeTrain(encodeFrame(values, 'dht22')), (index) => jitter[index] ?? 0),
            'dht22',
          );
          expect(result).toEqual({ ok: true, ...values });
          read += 1;
        },
      ),
      { numRuns: 300 },
    );
    expect(read).toBe(300);
  });

  it('are read without the first edge, and refused without any other', () => {
    const all = falling(edges(encodeTrain(frame)));
    for (let missing = 0; missing < all.length; missing += 1) {
      const result = decodeTrain(
        all.filter((_, index) => index !== missing),
        'dht22',
      );
      if (missing === 0) expect(result).toMatchObject({ ok: true, temperatureC: -10.1 });
      else expect(result, `edge ${missing}`).toMatchObject({ ok: false });
    }
  });

  it('are refused with a spurious edge', () => {
    const all = falling(edges(encodeTrain(frame)));
    fc.assert(
      fc.property(fc.integer({ min: 1_000, max: 6_000 }), (us) => {
        const spurious: EdgeEvent = { edge: 'falling', timestampNs: BigInt(us) * 1000n + 1n, sequence: 0 };
        const mixed = [...all, spurious].sort((a, b) => (a.timestampNs < b.timestampNs ? -1 : 1));
        expect(decodeTrain(mixed, 'dht22')).toMatchObject({ ok: false, reason: 'spurious' });
        // One lost and one spurious: the number is right again, the times are not.
        const swapped = mixed.filter((event) => event !== all[20]);
        const result = decodeTrain(swapped, 'dht22');
        if (result.ok) expect(result).toEqual({ ok: true, temperatureC: -10.1, humidityPercent: 99.9 });
      }),
    );
  });

  it('say that nobody answered, or how much came', () => {
    expect(decodeTrain([], 'dht22')).toMatchObject({ reason: 'no-answer' });
    const all = falling(edges(encodeTrain(frame)));
    expect(decodeTrain(all.slice(0, 17), 'dht22')).toMatchObject({
      reason: 'short',
      message: expect.stringContaining('17 of 42'),
    });
  });

  it('never throw and never give an impossible value, whatever edges come', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 20, max: 300 }), { maxLength: 60 }), (gaps) => {
        let at = 0n;
        const events = gaps.map((gap, index): EdgeEvent => {
          at += BigInt(gap) * 1000n;
          return { edge: 'falling', timestampNs: at, sequence: index + 1 };
        });
        const result = decodeTrain(events, 'dht22');
        if (!result.ok) return;
        expect(result.temperatureC).toBeGreaterThanOrEqual(-40);
        expect(result.temperatureC).toBeLessThanOrEqual(80);
        expect(result.humidityPercent).toBeLessThanOrEqual(100);
      }),
    );
  });
});
