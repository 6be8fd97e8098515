import { expect, it } from 'vitest';
import { runApp } from '../support/app.js';
import { cli } from '../support/cli.js';
import { until } from '../support/until.js';

const SITE = `
version: 1
group: { name: weather }
hal: { driver: mock }
core: { mqtt: { port: 0 }, discovery: { port: 0 } }
things:
  - { name: GG_Climate, role: climate, method: mock }
`;

it('tells what a sensor published, as a table, CSV and JSON, also after a restart', async () => {
  const first = await runApp(SITE);
  const show = (...argv: string[]) => cli(['telemetry', 'GG_Climate', ...argv, '--state', first.stateDir]);
  expect(await show()).toMatchObject({ code: 0 });
  await until(async () => (await show('--json')).out !== '', 10_000);
  const [line = ''] = (await show('--json')).out.split('\n');
  const { at, temperatureC, humidityPercent, quality } = JSON.parse(line) as Record<string, unknown>;
  expect(new Date(String(at)).getTime()).toBeGreaterThan(Date.now() - 60_000);
  expect([typeof temperatureC, typeof humidityPercent, quality]).toEqual(['number', 'number', 'good']);
  expect((await show('--csv')).out).toMatch(
    /^at,temperatureC,humidityPercent,quality\n\d{4}-\S+Z,-?[\d.]+,[\d.]+,good\n/,
  );
  expect((await show()).out).toMatch(/AT +temperatureC +humidityPercent +quality\n/);
  expect(first.app.status().parts.find(({ name }) => name === 'telemetry')).toMatchObject({ state: 'ok' });
  await first.stop();
  const second = await runApp(SITE, { stateDir: first.stateDir });
  expect((await show('--json')).out).toContain(line);
  await second.stop();
  expect(await show()).toMatchObject({ code: 69 });
});

it('wants a duration', async () => {
  const { stateDir } = await runApp(SITE);
  expect(await cli(['telemetry', 'GG_Climate', '--since', 'ever', '--state', stateDir])).toMatchObject({
    code: 2,
    err: 'greenlight: --since ever is no duration; write 1d, 6h or 30m\n',
  });
  expect(await cli(['telemetry', 'Nobody', '--state', stateDir])).toMatchObject({
    code: 0,
    out: 'nothing of Nobody in the last 1d\n',
  });
});
