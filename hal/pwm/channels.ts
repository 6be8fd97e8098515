import type { LineIdentity } from '../contract.js';

/** Where a line's PWM comes from. */
export interface PwmChannel {
  /** Matches the resolved path of the chip's folder: the address of the hardware block. */
  readonly device: RegExp;
  readonly channel: number;
  /** The config.txt line that routes the PWM to the line. */
  readonly overlay: string;
}

/** BCM2835 to BCM2711 (Pi 0 to 4): block at …20c000, two channels on two lines each. */
const BCM = /[0-9a-f]20c000\.pwm/;
/** RP1 (Pi 5): block pwm0 at …98000, four channels. */
const RP1 = /[0-9a-f]98000\.pwm/;

const CHANNELS: Readonly<Record<string, ReadonlyMap<number, PwmChannel>>> = {
  'pinctrl-bcm2835': broadcom(),
  'pinctrl-bcm2711': broadcom(),
  'pinctrl-rp1': new Map([
    [12, { device: RP1, channel: 0, overlay: 'dtoverlay=pwm,pin=12,func=4' }],
    [13, { device: RP1, channel: 1, overlay: 'dtoverlay=pwm,pin=13,func=4' }],
    [18, { device: RP1, channel: 2, overlay: 'dtoverlay=pwm-2chan' }],
    [19, { device: RP1, channel: 3, overlay: 'dtoverlay=pwm-2chan' }],
  ]),
};

/** The channel that a line can carry; undefined for every other line. */
export function pwmChannelOf(line: LineIdentity): PwmChannel | undefined {
  return CHANNELS[line.chip]?.get(line.offset);
}

function broadcom(): ReadonlyMap<number, PwmChannel> {
  const entries: readonly (readonly [gpio: number, channel: number, func: number])[] = [
    [12, 0, 4],
    [13, 1, 4],
    [18, 0, 2],
    [19, 1, 2],
  ];
  return new Map(
    entries.map(([gpio, channel, func]) => [
      gpio,
      { device: BCM, channel, overlay: `dtoverlay=pwm,pin=${gpio},func=${func}` },
    ]),
  );
}
