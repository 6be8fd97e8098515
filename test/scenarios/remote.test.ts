import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loopback } from '../mdns/support.js';
import { type RunningApp, runApp } from '../support/app.js';
import { cli } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import { freePorts } from '../support/ports.js';

const coreFile = (mqtt: number, discovery: number, more = '') => `
version: 1
group: { name: apart }
hal: { driver: mock }
core:
  mqtt: { host: 127.0.0.1, port: ${mqtt} }
  discovery: { host: 127.0.0.1, port: ${discovery} }
${more}`;

const thingFile = (discovery: number, certs: string) => `
version: 1
hal: { driver: mock }
connect:
  discovery: { host: 127.0.0.1, port: ${discovery}, ca: ${certs}/root.ca.pem }
  certificates: ${certs}
things:
  - { name: Far_Light, role: traffic-light, lines: { red: GPIO17, yellow: GPIO27, green: GPIO22 } }
`;

const level = (app: RunningApp, line: string) => app.board.line(line).level;

async function apart() {
  const [mqtt, discovery] = (await freePorts(2)) as [number, number];
  const folder = await temporaryFolder();
  const certs = join(folder, 'certs');
  const coreState = join(folder, 'core');
  const core = await runApp(coreFile(mqtt, discovery), { stateDir: coreState });
  expect((await cli(['thing', 'add', 'Far_Light', '--out', certs, '--state', coreState])).code).toBe(0);
  return { mqtt, discovery, certs, coreState, core, thingState: join(folder, 'thing') };
}

const want = (core: RunningApp, property: string) =>
  core.control.call('POST', '/shadow/Far_Light', { state: { desired: { property } } });
const thingPart = (app: RunningApp) => app.app.status().parts.find(({ name }) => name === 'Far_Light')!;

describe('a thing on a machine without a core', () => {
  it('discovers the core, obeys its shadow, and catches up after the core was away', async () => {
    const { mqtt, discovery, certs, coreState, core, thingState } = await apart();
    const thing = await runApp(thingFile(discovery, certs), { stateDir: thingState });
    await want(core, 'G');
    await expect.poll(() => level(thing, 'GPIO22'), { interval: 10, timeout: 5_000 }).toBe('high');
    await core.stop();
    await expect.poll(() => thingPart(thing).state, { interval: 10, timeout: 5_000 }).toBe('degraded');
    // it goes on as it was, and says why it is alone
    expect(level(thing, 'GPIO22')).toBe('high');
    expect(thingPart(thing).cause).toBeTruthy();
    const again = await runApp(coreFile(mqtt, discovery), { stateDir: coreState });
    await want(again, 'Y');
    await expect.poll(() => level(thing, 'GPIO27'), { interval: 10, timeout: 10_000 }).toBe('high');
    await expect.poll(() => thingPart(thing).state, { interval: 10, timeout: 5_000 }).toBe('ok');
  });

  it('finds a core that announces itself on the local network, whatever its port', async () => {
    const [mqtt, discovery] = (await freePorts(2)) as [number, number];
    const folder = await temporaryFolder();
    const [certs, coreState] = [join(folder, 'certs'), join(folder, 'core')];
    const mdns = await loopback();
    const announced = coreFile(mqtt, discovery).replace(
      `port: ${discovery} }`,
      `port: ${discovery}, mdns: true }`,
    );
    const core = await runApp(announced, { stateDir: coreState, mdns });
    expect((await cli(['thing', 'add', 'Far_Light', '--out', certs, '--state', coreState])).code).toBe(0);
    const found = thingFile(8_443, certs).replace('host: 127.0.0.1, port: 8443', 'host: mdns');
    const thing = await runApp(found, { stateDir: join(folder, 'thing'), mdns });
    await want(core, 'G');
    await expect.poll(() => level(thing, 'GPIO22'), { interval: 10, timeout: 5_000 }).toBe('high');
    expect(core.app.status().parts).toContainEqual({
      name: 'mdns',
      kind: 'listener',
      state: 'ok',
      figures: { addresses: '127.0.0.1' },
    });
  });

  it('starts without the discovery server by the last good answer', async () => {
    const { discovery, certs, core, thingState } = await apart();
    const first = await runApp(thingFile(discovery, certs), { stateDir: thingState });
    await expect.poll(() => thingPart(first).state, { interval: 10, timeout: 5_000 }).toBe('ok');
    await first.stop();
    const [nobody] = (await freePorts(1)) as [number];
    const second = await runApp(thingFile(nobody, certs), { stateDir: thingState });
    await expect.poll(() => thingPart(second).state, { interval: 10, timeout: 5_000 }).toBe('ok');
    await want(core, 'G');
    await expect.poll(() => level(second, 'GPIO22'), { interval: 10, timeout: 5_000 }).toBe('high');
  });

  it('says in one sentence why it has no core', async () => {
    const { discovery, certs, core, coreState, thingState } = await apart();
    const [nobody] = (await freePorts(1)) as [number];
    const alone = await runApp(thingFile(nobody, certs), { stateDir: thingState });
    await expect
      .poll(() => thingPart(alone).cause, { interval: 10, timeout: 5_000 })
      .toContain(`discovery at https://127.0.0.1:${nobody}`);
    await alone.stop();

    const other = await temporaryFolder();
    await mkdir(join(other, 'certs'));
    const without = await runApp(thingFile(discovery, join(other, 'certs')), {
      stateDir: join(other, 'state'),
    });
    await expect
      .poll(() => thingPart(without).cause, { interval: 10, timeout: 5_000 })
      .toContain('cannot be read; issue it on the core with greenlight thing add Far_Light');
    await without.stop();

    await cli(['thing', 'revoke', 'Far_Light', '--state', coreState]);
    const revoked = await runApp(thingFile(discovery, certs), { stateDir: join(other, 'revoked') });
    await expect
      .poll(() => thingPart(revoked).cause, { interval: 10, timeout: 5_000 })
      .toMatch(/Far_Light: discovery at .* answered 40\d/);
    expect(core.app.status().state).toBe('ok');
    // whatever happens to the connection, the lamp is lit and safe
    expect(level(revoked, 'GPIO17')).toBe('high');
  });

  it('is not confused by a file that is no answer in the place of the last good one', async () => {
    const { certs, thingState } = await apart();
    const [nobody] = (await freePorts(1)) as [number];
    await mkdir(thingState, { recursive: true });
    await writeFile(join(thingState, 'half.json'), '{"GGGroups":[');
    await rename(join(thingState, 'half.json'), join(thingState, 'discovery-Far_Light.json'));
    const thing = await runApp(thingFile(nobody, certs), { stateDir: thingState });
    await expect
      .poll(() => thingPart(thing).cause, { interval: 10, timeout: 5_000 })
      .toContain('did not answer with JSON');
  });
});
