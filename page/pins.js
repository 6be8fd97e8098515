/** The 40-pin header: where each line is, and what the other positions carry. */
const GPIO = {
  3: 2,
  5: 3,
  7: 4,
  8: 14,
  10: 15,
  11: 17,
  12: 18,
  13: 27,
  15: 22,
  16: 23,
  18: 24,
  19: 10,
  21: 9,
  22: 25,
  23: 11,
  24: 8,
  26: 7,
  27: 0,
  28: 1,
  29: 5,
  31: 6,
  32: 12,
  33: 13,
  35: 19,
  36: 16,
  37: 26,
  38: 20,
  40: 21,
};
const SUPPLY = { 1: '3V3', 17: '3V3', 2: '5V', 4: '5V' };

export const PINS = Array.from({ length: 40 }, (_, i) => {
  const pin = i + 1;
  return pin in GPIO ? { pin, line: `GPIO${GPIO[pin]}` } : { pin, supply: SUPPLY[pin] ?? 'GND' };
});

const BY_LINE = new Map(PINS.filter(({ line }) => line).map(({ line, pin }) => [line, pin]));

/** @returns undefined for a line that is not on the header */
export function pinOf(line) {
  return BY_LINE.get(line);
}

/** Pitch of the rows; two wires pass between two rows of labels. */
export const ROW = 23;
const TOP = 7;
const LEFT = 46;
const PAD = 4;
export const HEADER = { left: LEFT, width: 2 * ROW + 2 * PAD, height: 20 * ROW + 2 * TOP };
/** From here on there are no labels. */
export const CLEAR_X = LEFT + HEADER.width + 46;

export function pinAt(pin) {
  const x = LEFT + PAD + (pin % 2 === 1 ? 0.5 : 1.5) * ROW;
  return { x, y: TOP + (Math.ceil(pin / 2) - 0.5) * ROW };
}

/** The way of a wire from its pin past the labels, which stand in line with the pins: between two rows. */
export function pathFrom(pin) {
  const { x, y } = pinAt(pin);
  const isLeft = pin % 2 === 1;
  const lane = isLeft ? y + 9 : y - 9;
  return { d: `M${x} ${y} C${x + 5} ${y} ${x + 4} ${lane} ${x + 13} ${lane} H${CLEAR_X}`, lane };
}
