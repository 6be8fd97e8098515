import type { ClimateModel } from '../contract.js';

/** What a sensor's five bytes say. */
export interface ClimateValues {
  readonly temperatureC: number;
  readonly humidityPercent: number;
}

/** Bytes of one answer: humidity (2), temperature (2), checksum (1). */
export const FRAME_BYTES = 5;

/** Why a train or a frame is no reading. */
export type DhtFaultReason = 'no-answer' | 'short' | 'spurious' | 'timing' | 'checksum' | 'range';

export interface DhtFault {
  readonly ok: false;
  readonly reason: DhtFaultReason;
  /** A sentence for people. */
  readonly message: string;
}

export type DhtResult = ({ readonly ok: true } & ClimateValues) | DhtFault;

/** What the sensors can measure (data sheets), °C; humidity is 0..100 % for both. */
const RANGE_C: Readonly<Record<ClimateModel, { min: number; max: number }>> = {
  dht11: { min: -20, max: 60 },
  dht22: { min: -40, max: 80 },
};

/**
 * Reads the five bytes. Temperatures are sign and magnitude, not two's complement: a DHT22 has the sign in the top bit
 * of the third byte (−10.1 °C is 0x80 0x65), a DHT11 in the top bit of the fourth.
 */
export function decodeFrame(bytes: Uint8Array, model: ClimateModel): DhtResult {
  const [h1 = 0, h2 = 0, t1 = 0, t2 = 0, sum = 0] = bytes;
  const expected = (h1 + h2 + t1 + t2) & 0xff;
  if (bytes.length !== FRAME_BYTES || expected !== sum) {
    return fault('checksum', `checksum ${sum} of ${hex(bytes)}, expected ${expected}`);
  }
  // A line that is held low or a sensor without supply reads as zeros, whose checksum is right.
  if (bytes.every((byte) => byte === 0)) return fault('range', 'all bits are zero, as from a dead sensor');
  const values =
    model === 'dht22'
      ? {
          temperatureC: signed((((t1 & 0x7f) << 8) | t2) / 10, t1),
          humidityPercent: ((h1 << 8) | h2) / 10,
        }
      : {
          temperatureC: signed((t1 * 10 + (t2 & 0x7f)) / 10, t2),
          humidityPercent: (h1 * 10 + h2) / 10,
        };
  const range = RANGE_C[model];
  const { temperatureC, humidityPercent } = values;
  if (temperatureC < range.min || temperatureC > range.max || humidityPercent > 100) {
    return fault(
      'range',
      `${temperatureC} °C and ${humidityPercent} % are beyond what a ${model} measures; is the other model wired?`,
    );
  }
  return { ok: true, ...values };
}

/** The frame that a sensor sends for these values; tenths, as the sensor resolves them. */
export function encodeFrame(values: ClimateValues, model: ClimateModel): Uint8Array {
  const tenths = Math.round(Math.abs(values.temperatureC) * 10);
  const negative = values.temperatureC < 0 && tenths > 0 ? 0x80 : 0;
  const humidity = Math.round(values.humidityPercent * 10);
  const data =
    model === 'dht22'
      ? [humidity >> 8, humidity & 0xff, (tenths >> 8) | negative, tenths & 0xff]
      : [Math.trunc(humidity / 10), humidity % 10, Math.trunc(tenths / 10), (tenths % 10) | negative];
  const sum = data.reduce((total, byte) => total + byte, 0) & 0xff;
  return Uint8Array.from([...data, sum]);
}

export function fault(reason: DhtFaultReason, message: string): DhtFault {
  return { ok: false, reason, message };
}

function signed(magnitude: number, byte: number): number {
  return byte & 0x80 && magnitude !== 0 ? -magnitude : magnitude;
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
