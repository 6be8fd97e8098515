/** The lines of the mock's chip: a BCM2711 as a Raspberry Pi 4 names them. */

export const MOCK_LABEL = 'mock-bcm2711';

/** Names of lines 28..53: on the board, not on the header. */
const ON_BOARD: readonly string[] = [
  'RGMII_MDIO',
  'RGMII_MDC',
  'CTS0',
  'RTS0',
  'TXD0',
  'RXD0',
  'SD1_CLK',
  'SD1_CMD',
  'SD1_DATA0',
  'SD1_DATA1',
  'SD1_DATA2',
  'SD1_DATA3',
  'PWM0_MISO',
  'PWM1_MOSI',
  'STATUS_LED_G_CLK',
  'SPIFLASH_CE_N',
  'SDA0',
  'SCL0',
  'RGMII_RXCLK',
  'RGMII_RXCTL',
  'RGMII_RXD0',
  'RGMII_RXD1',
  'RGMII_RXD2',
  'RGMII_RXD3',
  'RGMII_TXCLK',
  'RGMII_TXCTL',
];

const SPECIAL: Readonly<Record<number, string>> = {
  0: 'ID EEPROM SDA',
  1: 'ID EEPROM SCL',
  2: 'I2C1 SDA',
  3: 'I2C1 SCL',
  4: 'GPCLK0',
  7: 'SPI0 CE1',
  8: 'SPI0 CE0',
  9: 'SPI0 MISO',
  10: 'SPI0 MOSI',
  11: 'SPI0 SCLK',
  12: 'PWM0',
  13: 'PWM1',
  14: 'UART TXD',
  15: 'UART RXD',
  18: 'PCM CLK, PWM0',
  19: 'PCM FS, PWM1',
  20: 'PCM DIN',
  21: 'PCM DOUT',
};

export interface PinoutLine {
  readonly offset: number;
  readonly name: string;
  readonly special: string | undefined;
  /** Pull resistor after reset (BCM2711 datasheet, table 5.3: up on GPIO 0..8, down on 9..27). */
  readonly resetPull: 'up' | 'down' | 'none';
}

export function pinout(): readonly PinoutLine[] {
  const header = Array.from({ length: 28 }, (_, offset) => `GPIO${offset}`);
  return [...header, ...ON_BOARD].map((name, offset) => ({
    offset,
    name,
    special: SPECIAL[offset],
    resetPull: offset <= 8 ? 'up' : offset <= 27 ? 'down' : 'none',
  }));
}
