import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type RunningApp, runApp } from '../support/app.js';
import { cli } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';

const hello = resolve('test/fixtures/functions/nodejs/hello.handler');

/** The walk-through's group, whole: six members, one file. The subscriber also hears the function. */
const CLASSIC = `
version: 1
group: { name: classic }
hal: { driver: mock }
core:
  mqtt: { host: 127.0.0.1, port: 0 }
  discovery: { host: 127.0.0.1, port: 0 }
things:
  - { name: HelloWorld_Publisher, role: publisher, topic: hello/world/pubsub, to: [HelloWorld_Subscriber], every: 50ms }
  - { name: HelloWorld_Subscriber, role: subscriber, topic: hello/world/pubsub, from: HelloWorld_Publisher }
  - { name: GG_Switch, role: light-controller, controls: GG_TrafficLight, sequence: [G, Y, R], every: 50ms }
  - { name: GG_TrafficLight, role: traffic-light, lines: { red: GPIO17, yellow: GPIO27, green: GPIO22 } }
  - { name: Ear, role: subscriber, topic: hello/world, from: GG_HelloWorld }
functions:
  - { name: GG_HelloWorld, handler: ${hello}, runtime: nodejs, pinned: true, memoryMb: 128, environment: { EVERY_SECONDS: "0.05" } }
  - { name: GG_Car_Aggregator, builtin: car-aggregator, watch: GG_TrafficLight, batchEvery: 3 }
`;

const figures = (running: RunningApp, name: string) =>
  running.app.status().parts.find((part) => part.name === name)?.figures;
const rises = async (running: RunningApp, name: string, figure: string) => {
  const before = Number(figures(running, name)?.[figure] ?? 0);
  await expect
    .poll(() => Number(figures(running, name)?.[figure]), { interval: 10, timeout: 15_000 })
    .toBeGreaterThan(before + 1);
};

describe('the classic group from one file', () => {
  it('has every exchange of the walk-through; without its row one stops, and why says so', async () => {
    const running = await runApp(CLASSIC);
    await rises(running, 'HelloWorld_Subscriber', 'received');
    await rises(running, 'GG_Car_Aggregator', 'greens');
    await rises(running, 'Ear', 'received');
    const on = (...argv: string[]) => cli([...argv, '--state', running.stateDir]);
    expect((await on('why', 'GG_HelloWorld', 'publish', 'hello/world', '--to', 'Ear')).code).toBe(0);

    const file = join(await temporaryFolder(), 'without.yaml');
    await writeFile(file, CLASSIC.replace(/.*name: Ear.*\n/, ''));
    expect(await on('deploy', file)).toMatchObject({ code: 0 });
    const no = await on('why', 'GG_HelloWorld', 'publish', 'hello/world', '--to', 'HelloWorld_Subscriber');
    expect(no).toMatchObject({ code: 1, out: expect.stringContaining('No row lets') });
    // the others go on
    await rises(running, 'HelloWorld_Subscriber', 'received');
    await rises(running, 'GG_Car_Aggregator', 'greens');
    await expect
      .poll(() => JSON.stringify(figures(running, 'subscriptions')?.refusals), {
        interval: 10,
        timeout: 10_000,
      })
      .toContain('hello/world');
  });
});
