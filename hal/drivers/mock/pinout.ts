/** The lines of the mock's chip: a BCM2711 as a Raspberry Pi 4 names them. */
import { specialFunction } from '../special-lines.js';

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
    special: specialFunction('pinctrl-bcm2711', offset),
    resetPull: offset <= 8 ? 'up' : offset <= 27 ? 'down' : 'none',
  }));
}
