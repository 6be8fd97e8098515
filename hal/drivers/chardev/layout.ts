/**
 * The kernel's GPIO uAPI v2 as bytes: ioctl numbers and the structs of linux/gpio.h (kernel 5.10). All fields have a
 * fixed width and are aligned to 8 bytes, so 32- and 64-bit machines agree; all supported ones are little-endian.
 */
import type { Bias, Drive, EdgeSelection } from '../../contract.js';

/** ioctl numbers, `_IOR/_IOWR(0xB4, nr, struct)`. */
export const IOCTL = {
  CHIP_INFO: 0x8044b401,
  LINE_INFO: 0xc100b405,
  LINE_REQUEST: 0xc250b407,
  SET_CONFIG: 0xc110b40d,
  GET_VALUES: 0xc010b40e,
  SET_VALUES: 0xc010b40f,
} as const;

/** Sizes in bytes. */
export const SIZE = {
  CHIP_INFO: 68,
  LINE_INFO: 256,
  LINE_REQUEST: 592,
  LINE_CONFIG: 272,
  LINE_VALUES: 16,
  LINE_EVENT: 48,
} as const;

/** GPIO_V2_LINE_FLAG_*; all of them lie in the low 32 bits of the 64-bit field. */
export const FLAG = {
  USED: 0x1,
  ACTIVE_LOW: 0x2,
  INPUT: 0x4,
  OUTPUT: 0x8,
  EDGE_RISING: 0x10,
  EDGE_FALLING: 0x20,
  OPEN_DRAIN: 0x40,
  OPEN_SOURCE: 0x80,
  PULL_UP: 0x100,
  PULL_DOWN: 0x200,
  BIAS_DISABLED: 0x400,
} as const;

/** GPIO_V2_LINE_ATTR_ID_*. */
export const ATTRIBUTE = { FLAGS: 1, VALUES: 2, DEBOUNCE: 3 } as const;

/** Events that the kernel keeps for one request at most (GPIO_V2_LINES_MAX × 16). */
export const EVENT_BUFFER_MAX = 1024;

/** Bytes of a name or consumer, without the closing zero. */
const NAME_MAX = 31;

export interface LineConfig {
  readonly flags: number;
  /** Logical output value. */
  readonly value?: 0 | 1;
  /** µs; 0 is none. */
  readonly debounceUs?: number;
}

export interface LineRequest {
  readonly offset: number;
  readonly consumer: string;
  readonly config: LineConfig;
  /** Events that the kernel keeps; 0 leaves it at 16. */
  readonly eventBuffer: number;
}

export interface DecodedLineInfo {
  readonly name: string;
  readonly consumer: string;
  readonly offset: number;
  readonly flags: number;
}

export interface DecodedEvent {
  readonly timestampNs: bigint;
  readonly rising: boolean;
  readonly offset: number;
  /** Counts the events of the request. */
  readonly sequence: number;
  /** Counts the events of the line. */
  readonly lineSequence: number;
}

export function decodeChipInfo(bytes: Buffer): { name: string; label: string; lines: number } {
  return { name: text(bytes, 0), label: text(bytes, 32), lines: bytes.readUInt32LE(64) };
}

export function encodeLineInfoQuery(offset: number): Buffer {
  const bytes = Buffer.alloc(SIZE.LINE_INFO);
  bytes.writeUInt32LE(offset, 64);
  return bytes;
}

export function decodeLineInfo(bytes: Buffer): DecodedLineInfo {
  return {
    name: text(bytes, 0),
    consumer: text(bytes, 32),
    offset: bytes.readUInt32LE(64),
    flags: bytes.readUInt32LE(72),
  };
}

export function encodeLineConfig(config: LineConfig): Buffer {
  const bytes = Buffer.alloc(SIZE.LINE_CONFIG);
  bytes.writeUInt32LE(config.flags, 0);
  let attributes = 0;
  const attribute = (id: number, value: number): void => {
    const at = 32 + attributes * 24;
    bytes.writeUInt32LE(id, at);
    bytes.writeUInt32LE(value, at + 8);
    // The mask says which lines of the request the attribute is for: the one there is.
    bytes.writeUInt32LE(1, at + 16);
    attributes += 1;
  };
  if (config.value !== undefined) attribute(ATTRIBUTE.VALUES, config.value);
  if (config.debounceUs) attribute(ATTRIBUTE.DEBOUNCE, config.debounceUs);
  bytes.writeUInt32LE(attributes, 8);
  return bytes;
}

export function encodeLineRequest(request: LineRequest): Buffer {
  const bytes = Buffer.alloc(SIZE.LINE_REQUEST);
  bytes.writeUInt32LE(request.offset, 0);
  clip(request.consumer).copy(bytes, 256);
  encodeLineConfig(request.config).copy(bytes, 288);
  bytes.writeUInt32LE(1, 560);
  bytes.writeUInt32LE(request.eventBuffer, 564);
  return bytes;
}

/** The descriptor that the kernel put into an answered request. */
export function requestedFd(bytes: Buffer): number {
  return bytes.readInt32LE(588);
}

/** The argument of SET_VALUES or GET_VALUES for a request of one line. */
export function encodeLineValue(value: 0 | 1): Buffer {
  const bytes = Buffer.alloc(SIZE.LINE_VALUES);
  bytes.writeUInt32LE(value, 0);
  bytes.writeUInt32LE(1, 8);
  return bytes;
}

export function decodeLineValue(bytes: Buffer): boolean {
  return (bytes.readUInt32LE(0) & 1) === 1;
}

export function decodeEvent(bytes: Buffer, at: number): DecodedEvent {
  return {
    timestampNs: bytes.readBigUInt64LE(at),
    rising: bytes.readUInt32LE(at + 8) === 1,
    offset: bytes.readUInt32LE(at + 12),
    sequence: bytes.readUInt32LE(at + 16),
    lineSequence: bytes.readUInt32LE(at + 20),
  };
}

export function biasFlags(bias: Bias): number {
  switch (bias) {
    case 'as-is':
      return 0;
    case 'disabled':
      return FLAG.BIAS_DISABLED;
    case 'pull-up':
      return FLAG.PULL_UP;
    case 'pull-down':
      return FLAG.PULL_DOWN;
  }
}

export function biasOf(flags: number): Bias {
  if (flags & FLAG.PULL_UP) return 'pull-up';
  if (flags & FLAG.PULL_DOWN) return 'pull-down';
  return flags & FLAG.BIAS_DISABLED ? 'disabled' : 'as-is';
}

export function driveFlags(drive: Drive): number {
  switch (drive) {
    case 'push-pull':
      return 0;
    case 'open-drain':
      return FLAG.OPEN_DRAIN;
    case 'open-source':
      return FLAG.OPEN_SOURCE;
  }
}

export function edgeFlags(edge: EdgeSelection): number {
  switch (edge) {
    case 'rising':
      return FLAG.EDGE_RISING;
    case 'falling':
      return FLAG.EDGE_FALLING;
    case 'both':
      return FLAG.EDGE_RISING | FLAG.EDGE_FALLING;
  }
}

function text(bytes: Buffer, at: number): string {
  const end = bytes.indexOf(0, at);
  return bytes.toString('utf8', at, Math.min(end < 0 ? at + 32 : end, at + 32));
}

/** At most {@link NAME_MAX} bytes, never half a character. */
function clip(name: string): Buffer {
  const bytes = Buffer.from(name, 'utf8');
  if (bytes.length <= NAME_MAX) return bytes;
  let end = NAME_MAX;
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end);
}
