import { HalError } from './errors.js';

/**
 * Where a line is, as configuration writes it: by the kernel's name (`GPIO17`), by header position (`J8:11`), or by
 * chip label and offset.
 */
export type LineAddress = string | { readonly chip: string; readonly offset: number };

/** GPIO number of each position of the 40-pin header; positions without an entry are power, ground or ID EEPROM. */
const HEADER: ReadonlyMap<number, number> = new Map([
  [3, 2],
  [5, 3],
  [7, 4],
  [8, 14],
  [10, 15],
  [11, 17],
  [12, 18],
  [13, 27],
  [15, 22],
  [16, 23],
  [18, 24],
  [19, 10],
  [21, 9],
  [22, 25],
  [23, 11],
  [24, 8],
  [26, 7],
  [29, 5],
  [31, 6],
  [32, 12],
  [33, 13],
  [35, 19],
  [36, 16],
  [37, 26],
  [38, 20],
  [40, 21],
]);

/** The GPIO number at a header position 1..40, or undefined for power, ground and ID positions. */
export function gpioAtPin(pin: number): number | undefined {
  return HEADER.get(pin);
}

/** The header position of a GPIO number, or undefined when it is not on the header. */
export function pinOfGpio(gpio: number): number | undefined {
  for (const [pin, number] of HEADER) if (number === gpio) return pin;
  return undefined;
}

/** A line address in one normal form. */
export type ParsedAddress =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'offset'; readonly chip: string; readonly offset: number };

/**
 * Reads a line address; a header position becomes the name of the line there.
 * @throws {HalError} HAL_ARGUMENT when it has no known form, or the header position carries no GPIO
 */
export function parseAddress(address: LineAddress): ParsedAddress {
  if (typeof address !== 'string') {
    if (!Number.isInteger(address.offset) || address.offset < 0 || address.chip === '') {
      throw new HalError(
        'HAL_ARGUMENT',
        `line { chip: ${address.chip}, offset: ${address.offset} }: offset is a whole number from 0 and chip a label`,
      );
    }
    return { kind: 'offset', chip: address.chip, offset: address.offset };
  }
  const position = /^J8:(\d{1,2})$/.exec(address);
  if (position) {
    const gpio = gpioAtPin(Number(position[1]));
    if (gpio === undefined) {
      throw new HalError(
        'HAL_ARGUMENT',
        `line "${address}": header position ${position[1]} carries no GPIO (power, ground or ID); see docs/hardware.md for the positions that do`,
      );
    }
    return { kind: 'name', name: `GPIO${gpio}` };
  }
  if (/^[A-Za-z_][A-Za-z0-9_.\-+/]{0,31}$/.test(address)) return { kind: 'name', name: address };
  throw new HalError(
    'HAL_ARGUMENT',
    `line "${address}": write a line name (GPIO17), a header position (J8:11) or { chip: LABEL, offset: N }`,
  );
}

/** One text per line, equal for addresses that are certainly the same line. */
export function addressKey(address: LineAddress): string {
  const parsed = parseAddress(address);
  return parsed.kind === 'name' ? parsed.name : `${parsed.chip}:${parsed.offset}`;
}
