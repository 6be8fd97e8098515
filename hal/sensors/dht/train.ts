/**
 * The sensor's answer on the wire, as falling edges. After the host lets the line go the sensor pulls it low for 80 µs
 * and lets it go for 80 µs; then each of the 40 bits is 50 µs low and 26 µs (0) or 70 µs (1) high, and a last low
 * ends the train (data sheets of DHT11 and AM2302). Each bit is thus the time between two falling edges: 76 or 120 µs.
 * Only falling edges are looked at: they are half as many, so fewer are lost, and a late reading of the level cannot
 * turn one into the other.
 */
import type { EdgeEvent } from '../../contract.js';
import type { ClimateModel } from '../contract.js';
import { type DhtResult, decodeFrame, FRAME_BYTES, fault } from './frame.js';

const BITS = FRAME_BYTES * 8;
/** Falling edges of a whole answer: the start of the response, and 41 around 40 bits. */
export const FALLING_EDGES = BITS + 2;

/** Time between falling edges in µs; a bit is 1 from the threshold on. */
const BIT_US = { min: 50, threshold: 98, max: 150 } as const;
const RESPONSE_US = { min: 120, max: 200 } as const;

/**
 * Decodes the edges that came after the line was let go; rising ones are ignored. The first falling edge (the start
 * of the response) may be missing, no other: a damaged train is a fault and never a guess.
 */
export function decodeTrain(edges: readonly EdgeEvent[], model: ClimateModel): DhtResult {
  const falls = edges.filter((event) => event.edge === 'falling').map((event) => event.timestampNs);
  if (falls.length === 0) {
    return fault(
      'no-answer',
      'the sensor did not answer; check its supply, the data line and the pull-up (4.7 to 10 kΩ)',
    );
  }
  if (falls.length < FALLING_EDGES - 1) {
    return fault('short', `${falls.length} of ${FALLING_EDGES} falling edges came`);
  }
  if (falls.length > FALLING_EDGES) {
    return fault(
      'spurious',
      `${falls.length} falling edges came instead of ${FALLING_EDGES}; check the wiring for noise`,
    );
  }
  const gaps = falls.slice(1).map((at, index) => Number(at - (falls[index] ?? at)) / 1000);
  if (falls.length === FALLING_EDGES) {
    const response = gaps.shift() ?? 0;
    if (response < RESPONSE_US.min || response > RESPONSE_US.max) {
      return fault('timing', `the response lasted ${response.toFixed(0)} µs instead of 160`);
    }
  }
  const bytes = new Uint8Array(FRAME_BYTES);
  for (const [index, gap] of gaps.entries()) {
    if (gap < BIT_US.min || gap > BIT_US.max) {
      return fault('timing', `bit ${index + 1} lasted ${gap.toFixed(0)} µs; 76 is 0 and 120 is 1`);
    }
    if (gap >= BIT_US.threshold) bytes[index >> 3] = (bytes[index >> 3] ?? 0) | (0x80 >> (index & 7));
  }
  return decodeFrame(bytes, model);
}

/** A level and how long it lasts in µs. */
export interface TrainPulse {
  readonly level: 'high' | 'low';
  readonly us: number;
}

/** What a sensor puts on the line for a frame, beginning with the released line. */
export function encodeTrain(frame: Uint8Array): readonly TrainPulse[] {
  const pulses: TrainPulse[] = [
    { level: 'high', us: 30 },
    { level: 'low', us: 80 },
    { level: 'high', us: 80 },
  ];
  for (let bit = 0; bit < BITS; bit += 1) {
    const one = ((frame[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0;
    pulses.push({ level: 'low', us: 50 }, { level: 'high', us: one ? 70 : 26 });
  }
  pulses.push({ level: 'low', us: 50 }, { level: 'high', us: 50 });
  return pulses;
}
