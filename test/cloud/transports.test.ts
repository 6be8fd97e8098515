import { afterEach, describe, expect, it } from 'vitest';
import { ROLES } from '../../devices/index.js';
import { MockBoard, MockDriver } from '../../hal/drivers/mock/index.js';
import { SILENT, SystemClock } from '../../hal/index.js';
import { memoryShadows, ShadowService } from '../../src/core/shadow/index.js';
import { connectAwsSdk } from '../../src/things/aws-sdk.js';
import { connectMqtt } from '../../src/things/mqtt.js';
import { Thing } from '../../src/things/thing.js';
import { effectiveOptions } from '../devices/rig.js';
import { farBroker } from '../support/far-broker.js';
import { until } from '../support/until.js';

const never = new AbortController().signal;
const clock = new SystemClock();
const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

describe.each([
  ['mqtt', connectMqtt],
  ['aws-iot-device-sdk-v2', connectAwsSdk],
])('a traffic light over %s', (_, connect) => {
  async function crossing() {
    const far = await farBroker();
    ends.push(() => far.stop());
    const shadows = new ShadowService({
      port: far.broker.port('GGShadowService'),
      store: memoryShadows(),
      clock,
      log: SILENT,
    });
    await shadows.start(never);
    ends.push(() => shadows.stop());
    const board = new MockBoard({ clock });
    const gpio = new MockDriver(board);
    await gpio.start(never);
    const credentials = await far.thing('GG_TrafficLight');
    const definition = ROLES.get('traffic-light')!;
    const light = new Thing({
      name: 'GG_TrafficLight',
      definition,
      options: effectiveOptions(definition, { lines: { red: 'GPIO17', yellow: 'GPIO27', green: 'GPIO22' } }),
      gpio,
      clock,
      log: SILENT,
      random: () => 0,
      link: {
        credentials: async () => credentials,
        locate: async () => [far.address],
        connect,
        backoff: { firstMs: 20, maxMs: 50 },
      },
    });
    await light.start(never);
    ends.push(() => light.stop());
    const lit = () =>
      Object.entries({ red: 'GPIO17', yellow: 'GPIO27', green: 'GPIO22' })
        .filter(([, line]) => board.line(line).level === 'high')
        .map(([lamp]) => lamp);
    const reported = async () => (await shadows.read('GG_TrafficLight'))?.state.reported?.property;
    const want = (property: string) =>
      shadows.update('GG_TrafficLight', undefined, { state: { desired: { property } } }, 'console');
    return { far, shadows, light, lit, reported, want };
  }

  it('does what desired asks and reports what it did', async () => {
    const r = await crossing();
    await until(async () => (await r.reported()) === 'R');
    for (const [property, lamp] of [
      ['G', 'green'],
      ['Y', 'yellow'],
      ['R', 'red'],
    ] as const) {
      await r.want(property);
      await until(async () => (await r.reported()) === property);
      expect(r.lit()).toEqual([lamp]);
    }
  });

  it('keeps its lamp while the line is cut, and does afterwards what was asked meanwhile', async () => {
    const r = await crossing();
    await r.want('G');
    await until(async () => (await r.reported()) === 'G');
    r.far.cut();
    await until(() => !r.light.status().link.connected);
    await r.want('Y');
    expect(r.lit()).toEqual(['green']);
    r.far.mend();
    await until(async () => (await r.reported()) === 'Y');
    expect(r.lit()).toEqual(['yellow']);
  });

  it('reports why it cannot do what it does not know', async () => {
    const r = await crossing();
    await r.want('purple');
    await until(async () => (await r.shadows.read('GG_TrafficLight'))?.state.reported?.error !== undefined);
    expect(await r.reported()).toBe('R');
    expect(r.lit()).toEqual(['red']);
  });
});
