import { describe, expect, it } from 'vitest';
import { SystemClock, type Timer } from '../../hal/index.js';
import { runApp } from '../support/app.js';
import { until } from '../support/until.js';

/** Everything that a site can have, and nobody who asks for anything. */
const AT_REST = `version: 1
hal: { driver: mock }
core: { advertise: [auto], mqtt: { port: 0 }, discovery: { port: 0 } }
things:
  - { name: GG_TrafficLight, role: traffic-light, lines: { red: GPIO17, yellow: GPIO27, green: GPIO22 } }
  - { name: GG_Button, role: button, line: GPIO4 }
  - { name: GG_Switch }
functions:
  - { name: GG_Car_Aggregator, builtin: car-aggregator, watch: GG_TrafficLight }
dashboard: { port: 0 }
metrics: { port: 0 }
`;

/** Real time that knows which timers run. */
class WatchedClock extends SystemClock {
  readonly periods = new Map<Timer, number>();

  override every(ms: number, callback: () => void): Timer {
    const inner = super.every(ms, callback);
    const timer = {
      cancel: () => {
        this.periods.delete(timer);
        inner.cancel();
      },
    };
    this.periods.set(timer, ms);
    return timer;
  }
}

describe('an instance at rest', () => {
  it('is woken each second for clients that fall silent, each ten for its addresses, and else by the minute', async () => {
    const clock = new WatchedClock();
    const { app, stop } = await runApp(AT_REST, { clock });
    await until(() => app.status().state === 'ok');
    const periods = [...clock.periods.values()].sort((a, b) => a - b);
    expect(periods.filter((ms) => ms < 15_000)).toEqual([1_000, 10_000]);
    expect(periods.length).toBeLessThan(12);
    await stop();
    expect(clock.periods.size).toBe(0);
  });
});
