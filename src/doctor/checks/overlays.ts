/** Which header lines the firmware's config.txt gives to kernel drivers. */

export interface Overlay {
  /** As written in the file. */
  readonly setting: string;
  /** GPIO numbers. */
  readonly lines: readonly number[];
}

/** Lines of switches: `dtparam=spi=on`. From the README of the firmware's overlays. */
const PARAMETERS: Readonly<Record<string, readonly number[]>> = {
  i2c_arm: [2, 3],
  i2c: [2, 3],
  spi: [7, 8, 9, 10, 11],
  i2s: [18, 19, 20, 21],
  uart0: [14, 15],
};

/** Overlays, the parameter that names their line, and the line without it. */
const OVERLAYS: Readonly<Record<string, { readonly key?: string; readonly lines: readonly number[] }>> = {
  'w1-gpio': { key: 'gpiopin', lines: [4] },
  'w1-gpio-pullup': { key: 'gpiopin', lines: [4] },
  dht11: { key: 'gpiopin', lines: [4] },
  pwm: { key: 'pin', lines: [18] },
  'pwm-2chan': { lines: [18, 19] },
  'gpio-fan': { key: 'gpiopin', lines: [12] },
  'gpio-ir': { key: 'gpio_pin', lines: [18] },
  'gpio-shutdown': { key: 'gpio_pin', lines: [3] },
  'gpio-poweroff': { key: 'gpiopin', lines: [26] },
  'spi0-1cs': { lines: [8, 9, 10, 11] },
  'hifiberry-dac': { lines: [18, 19, 20, 21] },
};

/** Sections such as `[pi4]` are taken as if they held: better one word too many. */
export function overlaysOf(configTxt: string): readonly Overlay[] {
  const found: Overlay[] = [];
  for (const raw of configTxt.split('\n')) {
    const setting = raw.replace(/#.*/, '').trim();
    if (setting === 'enable_uart=1') found.push({ setting, lines: [14, 15] });
    const parameters = /^dtparam=(.+)$/.exec(setting)?.[1]?.split(',') ?? [];
    for (const each of parameters) {
      const [name = '', value = 'on'] = each.split('=');
      const lines = PARAMETERS[name];
      if (lines && /^(on|yes|1|true)$/.test(value)) found.push({ setting, lines });
    }
    const [name = '', ...given] = /^dtoverlay=(.+)$/.exec(setting)?.[1]?.split(',') ?? [];
    const overlay = OVERLAYS[name];
    if (overlay === undefined) continue;
    const named = given.find((each) => each.split('=')[0] === overlay.key)?.split('=')[1];
    found.push({ setting, lines: named === undefined ? overlay.lines : [Number(named)] });
  }
  return found;
}
