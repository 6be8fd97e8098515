import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SILENT } from '../../hal/index.js';
import { MetricsServer } from '../../src/metrics/index.js';
import type { AppStatus, PartStatus } from '../../src/status.js';
import { eventually, FAST_CROSSING, runApp } from '../support/app.js';
import { temporaryFolder } from '../support/folder.js';
import { pki } from '../support/pki.js';
import { freePorts } from '../support/ports.js';
import { mayLackFor } from '../support/tools.js';
import { until } from '../support/until.js';
import { readExposition } from './exposition.js';

async function ask(url: string, options: { method?: string; host?: string } = {}) {
  const { method = 'GET', host } = options;
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: string }>(
    (resolve, reject) => {
      const sent = request(
        url,
        { method, agent: false, headers: host === undefined ? {} : { host } },
        (answer) => {
          text(answer).then(
            (body) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }),
            reject,
          );
        },
      );
      sent.on('error', reject).end();
    },
  );
}

const WELL: AppStatus = { group: 'g', version: '1', pid: 1, uptimeSeconds: 60, state: 'ok', parts: [] };

async function server(parts: () => readonly PartStatus[] = () => []) {
  const made = new MetricsServer({
    host: '127.0.0.1',
    port: 0,
    log: SILENT,
    status: async () => ({ ...WELL, parts: parts() }),
    things: () => [],
    certificates: async () => [],
    cars: async () => [],
    lights: () => [],
  });
  await made.start(new AbortController().signal);
  onTestFinished(() => made.stop());
  return made;
}

const NO_PROMTOOL = mayLackFor(spawnSync('promtool', ['--version']).status === 0);

describe('metrics of a running crossing', () => {
  it.skipIf(NO_PROMTOOL)('have nothing that promtool finds fault with', async () => {
    const { app } = await runApp(`${FAST_CROSSING}\nmetrics: { port: 0 }\n`);
    await eventually(app, 'green', () => true);
    const { body } = await ask(`${app.metrics}/metrics`);
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: body, encoding: 'utf8' });
    expect([checked.status, checked.stdout + checked.stderr]).toEqual([0, '']);
  });

  it('are of the format, and tell what status, stats and certificates tell', async () => {
    const { app, control } = await runApp(`${FAST_CROSSING}\nmetrics: { port: 0 }\n`);
    await eventually(app, 'green', ({ totals }) => totals.totalGreenlights >= 3);
    const { status, headers, body } = await ask(`${app.metrics}/metrics`);
    expect([status, headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    const read = readExposition(body);
    const value = (name: string, labels: Record<string, string> = {}): number | undefined =>
      read.get(name)?.samples.find((sample) => JSON.stringify(sample.labels) === JSON.stringify(labels))
        ?.value;
    const light = { thing: 'GG_TrafficLight' };
    expect(value('greenlight_thing_connected', light)).toBe(1);
    expect(value('greenlight_broker_clients')).toBe(app.core!.broker.status().clients);
    expect(value('greenlight_aggregator_greens_total', light)).toBeGreaterThanOrEqual(3);
    expect(value('greenlight_aggregator_cars_total', light)).toBeGreaterThanOrEqual(3);
    expect(value('greenlight_light_changes_total', { ...light, colour: 'G' })).toBeGreaterThanOrEqual(3);
    expect(value('greenlight_shadow_requests_total', { result: 'accepted' })).toBeGreaterThan(3);
    expect(value('greenlight_function_restarts_total', { function: 'GG_Car_Aggregator' })).toBe(0);
    expect(value('greenlight_refused_total')).toBe(0);
    expect(value('greenlight_healthy')).toBe(1);
    const days = (kind: string, name: string) =>
      value('greenlight_certificate_expires_in_seconds', { kind, name })! / 86_400;
    expect(days('server', '')).toBeCloseTo(30, 0);
    expect(days('thing', 'GG_TrafficLight')).toBeCloseTo(3_650, 0);
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(20e6);
    expect(value('nodejs_eventloop_lag_seconds')).toBeLessThan(5);
    expect(await control.call('GET', '/status')).toMatchObject({
      parts: expect.arrayContaining([
        { name: 'metrics', kind: 'listener', state: 'ok', figures: { url: app.metrics, scrapes: 1 } },
      ]),
    });
    expect(await control.call('GET', '/health')).toMatchObject({ healthy: true, causes: [] });
  });

  it('are there for a machine that only carries things, which waits for its core', async () => {
    const stateDir = await temporaryFolder();
    const { certificate } = await (await pki()).thing('Lamp');
    await writeFile(join(stateDir, 'Lamp.cert.pem'), certificate);
    const [port] = await freePorts(1);
    const text = `version: 1
hal: { driver: mock }
things: [{ name: Lamp, role: led, line: GPIO4 }, { name: Other, role: led, line: GPIO5 }]
connect: { discovery: { host: 127.0.0.1, port: ${port}, ca: none.pem }, certificates: . }
metrics: { port: 0 }
`;
    const { app } = await runApp(text, { stateDir });
    const read = readExposition((await ask(`${app.metrics}/metrics`)).body);
    expect(read.get('greenlight_thing_connected')?.samples).toEqual([
      { labels: { thing: 'Lamp' }, value: 0 },
      { labels: { thing: 'Other' }, value: 0 },
    ]);
    const [life, ...more] = read.get('greenlight_certificate_expires_in_seconds')!.samples;
    expect(more).toEqual([]);
    expect(life!.labels).toEqual({ kind: 'thing', name: 'Lamp' });
    expect(life!.value / 86_400).toBeCloseTo(30, 0);
    const { status, body } = await ask(`${app.metrics}/healthz`);
    expect([status, body]).toEqual([
      503,
      expect.stringMatching(/^Lamp is waited for: [^\n]+\nOther is waited for: [^\n]+\n$/),
    ]);
  });
});

describe('health', () => {
  it('is ok while parts are ok or degraded, and says what has failed, a line each', async () => {
    const part = (name: string, state: PartStatus['state'], cause?: string): PartStatus => ({
      name,
      kind: 'led',
      state,
      ...(cause !== undefined && { cause }),
    });
    let parts = [part('A', 'ok'), part('B', 'degraded', 'no core')];
    const { url } = await server(() => parts);
    expect(await ask(`${url}/healthz`)).toMatchObject({ status: 200, body: 'ok\n' });
    parts = [part('A', 'failed', 'line lost'), part('B', 'failed', 'no colour')];
    expect(await ask(`${url}/healthz`)).toMatchObject({
      status: 503,
      body: 'A has failed: line lost\nB has failed: no colour\n',
    });
    const head = await ask(`${url}/healthz`, { method: 'HEAD' });
    expect(head).toMatchObject({ status: 503, body: '', headers: { 'content-length': '48' } });
  });
});

describe('the listener', () => {
  it('has two paths, two methods and no name but its own', async () => {
    const { url } = await server();
    const port = new URL(url).port;
    expect((await ask(`${url}/metrics?x=1`)).status).toBe(200);
    expect((await ask(`${url}/`)).status).toBe(404);
    expect((await ask(`${url}/constructor`)).status).toBe(404);
    expect(await ask(`${url}/metrics`, { method: 'POST' })).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD' },
    });
    expect((await ask(`${url}/metrics`, { host: 'evil.example' })).status).toBe(421);
    expect((await ask(`${url}/healthz`, { host: `localhost:${port}` })).status).toBe(200);
  });

  it('answers many at once with one look, and goes on after a look that failed', async () => {
    let looks = 0;
    let broken = false;
    const { url } = await server(() => {
      looks += 1;
      if (broken) throw new Error('no status');
      return [];
    });
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(`${url}/metrics`)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(looks).toBeLessThan(20);
    broken = true;
    expect((await ask(`${url}/metrics`)).status).toBe(500);
    broken = false;
    await until(async () => (await ask(`${url}/metrics`)).status === 200);
  });

  it('refuses a port that is taken, and says which', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void holder.close());
    await new Promise((resolve) => holder.once('listening', resolve));
    const { port } = holder.address() as { port: number };
    await expect(runApp(`version: 1\nmetrics: { port: ${port} }\n`)).rejects.toMatchObject({
      code: 'METRICS_LISTEN',
      message: expect.stringContaining(`127.0.0.1:${port}`),
    });
  });
});
