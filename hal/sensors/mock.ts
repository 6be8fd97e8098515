import type { Clock } from '../clock.js';
import type { Exposure } from '../contract.js';
import type { ClimateSource } from './source.js';

const DAY_MS = 86_400_000;

export interface MockSourceDeps {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** What a hand at the bench has set; undefined: nothing. */
  readonly exposure: () => Exposure | undefined;
}

/**
 * What a hand at the bench has set. Until then made-up weather: 21 ± 4 °C over the day, humidity against it, a little
 * noise; tenths, as a DHT22 gives them.
 */
export function mockSource({ clock, random, exposure }: MockSourceDeps): ClimateSource {
  return {
    name: 'made-up weather (mock)',
    read: async () => {
      const { temperatureC, humidityPercent } = exposure() ?? {};
      if (temperatureC !== undefined && humidityPercent !== undefined)
        return { temperatureC, humidityPercent };
      const day = Math.sin((2 * Math.PI * (clock.now() % DAY_MS)) / DAY_MS);
      const noise = random() - 0.5;
      return {
        temperatureC: Math.round((21 + 4 * day + noise) * 10) / 10,
        humidityPercent: Math.round((50 - 15 * day + 2 * noise) * 10) / 10,
      };
    },
    close: async () => {},
  };
}
