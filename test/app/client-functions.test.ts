import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runApp } from '../support/app.js';
import { cli } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import { freePorts } from '../support/ports.js';
import { until } from '../support/until.js';

it('counts as a client of a core elsewhere: each green once, also those that began while it was away', async () => {
  const [mqtt, discovery] = (await freePorts(2)) as [number, number];
  const folder = await temporaryFolder();
  const certs = join(folder, 'certs');
  const runCore = () =>
    runApp(
      `
version: 1
hal: { driver: mock }
core: { mqtt: { port: ${mqtt} }, discovery: { port: ${discovery} } }
things: [{ name: Light }, { name: Cars }]
subscriptions:
  - { source: GGShadowService, subject: $aws/things/Light/shadow/update/documents, target: Cars }
  - { source: Cars, subject: $aws/things/Light/shadow/get, target: GGShadowService }
  - { source: GGShadowService, subject: $aws/things/Light/shadow/get/#, target: Cars }
`,
      { stateDir: join(folder, 'core') },
    );
  let core = await runCore();
  await cli(['thing', 'add', 'Cars', '--out', certs, '--state', join(folder, 'core')]);
  const shows = (property: string) =>
    core.control.call('POST', '/shadow/Light', { state: { reported: { property } } });
  const runCars = () =>
    runApp(
      `
version: 1
connect:
  discovery: { host: 127.0.0.1, port: ${discovery}, ca: ${certs}/root.ca.pem }
  certificates: ${certs}
things: [{ name: Light }]
functions:
  - { name: Cars, builtin: car-aggregator, watch: Light, batchEvery: 3 }
`,
      { stateDir: join(folder, 'cars') },
    );
  await shows('R');
  let cars = await runCars();
  const part = () => cars.app.status().parts.find(({ name }) => name === 'Cars')!;
  const greens = () => part().figures?.greens;
  await until(() => part().state === 'ok');

  await core.stop();
  await until(() => part().state === 'degraded');
  expect(part().cause).toBeTruthy();
  core = await runCore();
  // whether it is back already or reads it when it is
  await shows('G');
  await until(() => greens() === 1, 15_000);
  await until(() => part().state === 'ok', 15_000);
  for (const colour of ['G', 'Y', 'R', 'G', 'Y', 'G']) await shows(colour);
  await until(() => greens() === 3);
  expect((await cli(['stats', '--state', cars.stateDir])).out).toMatch(/Light .*\b3\b/);

  await cars.stop();
  await shows('Y');
  cars = await runCars();
  await until(() => part().state === 'ok', 10_000);
  await shows('G');
  await until(() => greens() === 4);
  expect(part()).toMatchObject({ kind: 'function', figures: { batches: 1, failed: 0, dropped: 0 } });
}, 40_000);
