/**
 * Header lines that usually serve another function. The kernel shows them as free and gives them away, and does not
 * restore the function afterwards: whoever takes one should know.
 */
const SPECIAL: ReadonlyMap<number, string> = new Map([
  [0, 'ID EEPROM data (HAT)'],
  [1, 'ID EEPROM clock (HAT)'],
  [2, 'I2C1 SDA, 1.8 kΩ pull-up on the board'],
  [3, 'I2C1 SCL, 1.8 kΩ pull-up on the board'],
  [4, '1-Wire (w1-gpio overlay) and DHT by custom'],
  [7, 'SPI0 CE1'],
  [8, 'SPI0 CE0'],
  [9, 'SPI0 MISO'],
  [10, 'SPI0 MOSI'],
  [11, 'SPI0 SCLK'],
  [14, 'UART TXD, serial console'],
  [15, 'UART RXD, serial console'],
]);

/** Labels of the chips that carry the 40-pin header, whose offset equals the GPIO number. Newest first. */
export const HEADER_CHIPS: readonly string[] = ['pinctrl-rp1', 'pinctrl-bcm2711', 'pinctrl-bcm2835'];

/** What a header line usually serves; undefined for a plain one, and on any other chip. */
export function specialFunction(chip: string, offset: number): string | undefined {
  return HEADER_CHIPS.includes(chip) ? SPECIAL.get(offset) : undefined;
}
