import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CATALOG } from '../../src/catalog.js';
import { checkConfig, loadConfig } from '../../src/config/index.js';
import { filesBelow, ROOT, read } from '../docs/generate/sources.js';

const FILES = filesBelow('config', '.yaml');

describe('ready-made configurations', () => {
  it('are there for each purpose', () => {
    expect(FILES).toEqual([
      'config/button-controller.yaml',
      'config/car-counter.yaml',
      'config/core-only.yaml',
      'config/laptop.yaml',
      'config/pi-crossing.yaml',
      'config/remote-led.yaml',
      'config/thing-only.yaml',
      'config/weather-station.yaml',
    ]);
  });

  describe.each(FILES)('%s', (file) => {
    it('has no problem', async () => {
      const { problems } = await checkConfig({ file: join(ROOT, file) }, { catalog: CATALOG, env: {} });
      expect(problems).toEqual([]);
    });

    it('says in its first line what it is for, and in its second where its schema is', () => {
      const [purpose, schema] = read(file).split('\n');
      expect(purpose).toMatch(/^# [A-Z].{20,}\.$/);
      expect(schema).toBe('# yaml-language-server: $schema=./schema.json');
    });

    it('fits the published schema, as editors check it', () => {
      const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
      const validate = ajv.compile(JSON.parse(read('config/schema.json')));
      validate(parse(read(file)));
      expect(validate.errors ?? []).toEqual([]);
    });
  });
});

describe('config/laptop.yaml', () => {
  it('is the crossing on mock hardware', async () => {
    const config = await loadConfig(join(ROOT, 'config/laptop.yaml'), { catalog: CATALOG, env: {} });
    expect(config).toMatchObject({
      group: { name: 'crossing' },
      hal: { driver: 'mock' },
      core: {
        advertise: ['127.0.0.1'],
        mqtt: { host: '127.0.0.1', port: 8883 },
        discovery: { host: '127.0.0.1', port: 8443 },
      },
      things: [
        {
          name: 'GG_TrafficLight',
          role: 'traffic-light',
          options: { lines: { red: 'GPIO17', yellow: 'GPIO27', green: 'GPIO22' }, activeLow: false },
        },
        {
          name: 'GG_Switch',
          role: 'light-controller',
          options: { controls: 'GG_TrafficLight', sequence: ['G', 'Y', 'R'], every: 2_000, line: 'GPIO23' },
        },
        { name: 'GG_Led', role: 'led', options: { line: 'GPIO18', dimmable: true } },
        { name: 'GG_Motion', role: 'motion', options: { line: 'GPIO24' } },
        { name: 'GG_Weather', role: 'climate', options: { line: 'GPIO4', method: 'auto' } },
        {
          name: 'HelloWorld_Publisher',
          role: 'publisher',
          options: { every: 5_000, to: ['HelloWorld_Subscriber'] },
        },
        { name: 'HelloWorld_Subscriber', role: 'subscriber', options: { from: 'HelloWorld_Publisher' } },
      ],
      functions: [
        {
          name: 'GG_Car_Aggregator',
          builtin: 'car-aggregator',
          options: { watch: 'GG_TrafficLight', batchEvery: 3 },
        },
      ],
      cloud: { sink: 'local' },
    });
  });
});

describe('examples in documentation', () => {
  const examples = ['README.md', ...filesBelow('docs', '.md')].flatMap((page) =>
    [...read(page).matchAll(/^```yaml\n([\s\S]*?)^```$/gm)]
      .map(([, text]) => text!)
      .filter((text) => /^version:/m.test(text))
      .map((text) => ({ page, text })),
  );

  it.each(examples)('of $page load', async ({ text }) => {
    const { problems } = await checkConfig({ file: 'example.yaml', text }, { catalog: CATALOG, env: {} });
    expect(problems).toEqual([]);
  });

  it('are found', () => {
    expect(examples.length).toBeGreaterThan(1);
  });
});

describe('the published schema', () => {
  const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false });
  const validate = ajv.compile(JSON.parse(read('config/schema.json')));

  it.each([
    ['an unknown key', 'version: 1\ngrup: {}'],
    ['an unknown role', 'version: 1\nthings: [{ name: A, role: lamp }]'],
    ['a missing option', 'version: 1\nthings: [{ name: A, role: traffic-light }]'],
    ['an unknown option', 'version: 1\nthings: [{ name: A, role: publisher, colour: red }]'],
    ['an option without role', 'version: 1\nthings: [{ name: A, every: 5s }]'],
    ['a bad duration', 'version: 1\nthings: [{ name: A, role: publisher, every: 5 sec }]'],
    ['no version', 'core: {}'],
  ])('refuses %s', (_what, text) => {
    expect(validate(parse(text))).toBe(false);
  });

  it('describes every setting, with default and variable', () => {
    const { properties } = JSON.parse(read('config/schema.json'));
    expect(properties.core.properties.mqtt.properties.port).toMatchObject({
      default: 8883,
      description: expect.stringContaining('GREENLIGHT_CORE_MQTT_PORT'),
    });
  });
});
