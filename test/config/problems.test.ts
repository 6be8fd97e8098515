import { describe, expect, it } from 'vitest';
import { ConfigError, formatProblem, loadConfig } from '../../src/config/index.js';
import { TEST_CATALOG } from './catalog.js';
import { check, problemsOf } from './support.js';

/** A file with a core, so that each case shows its own problem only. */
const withCore = (rest: string) => `version: 1\ncore: {}\n${rest}`;

describe('the file as a whole', () => {
  it.each([
    ['', '0 : the file is empty; it needs at least "version: 1"'],
    ['# only a comment\n', '0 : the file is empty; it needs at least "version: 1"'],
    ['- a\n', '0 : the file must be a mapping of keys, beginning with "version: 1"'],
    ['just words', '0 : the file must be a mapping of keys, beginning with "version: 1"'],
    ['{}', '1 version: is missing: version of this format: 1'],
    ['version: 2\nthings: wrong', '1 version: 2 is not known to this Greenlight, which reads version 1'],
    ['version: "1"', '1 version: "1" is not known to this Greenlight, which reads version 1'],
  ])('%j', async (text, problem) => {
    expect(await problemsOf(text)).toEqual([problem]);
  });

  it.each([
    ['version: 1\ncore: {', 2],
    ['version: 1\nversion: 1', 2],
    ['version: 1\na: *nowhere', 2],
    ['a: b: c', 1],
  ])('%j is not YAML', async (text, line) => {
    const { problems } = await check(text);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems[0]!.line).toBe(line);
    expect(problems[0]!.message).toMatch(/^not valid YAML: /);
  });

  it('refuses aliases that multiply', async () => {
    const levels = Array.from(
      { length: 12 },
      (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}, *a${n}, *a${n}]`,
    );
    const { problems } = await check(`a0: &a0 [x, x]\n${levels.join('\n')}`);
    expect(problems[0]!.message).toMatch(/^not valid YAML: .*alias/i);
  });
});

describe('the schema', () => {
  it.each([
    ['grup: {}', '3 grup: unknown key; did you mean "group"?'],
    ['log: { levl: info }', '3 log.levl: unknown key; did you mean "level"?'],
    ['log: { colour: red }', '3 log.colour: unknown key; known here: level, parts'],
    [
      'log: { level: loud }',
      '3 log.level: "loud" is not known; there are: trace, debug, info, warn, error, fatal, silent',
    ],
    [
      'log: { parts: { broker: loud } }',
      '3 log.parts.broker: "loud" is not known; there are: trace, debug, info, warn, error, fatal, silent',
    ],
    ['log: { level: Info }', '3 log.level: "Info" is not known; did you mean "info"?'],
    [
      'hal: { driver: gpiod }',
      '3 hal.driver: "gpiod" is not known; there are: auto, chardev, onoff, pigpio, mock',
    ],
    [
      'dashboard: { port: 70000 }',
      '3 dashboard.port: 70000 is out of range; it must be at least 0 and at most 65535',
    ],
    ['dashboard: { port: "80" }', '3 dashboard.port: must be a whole number, not "80"'],
    ['dashboard: { port: 80.5 }', '3 dashboard.port: must be a whole number, not 80.5'],
    ['dashboard:', '3 dashboard: is empty; write {} for the defaults, or remove the key'],
    ['dashboard: { port: }', '3 dashboard.port: is empty; give a value or remove the key'],
    ['dashboard: 8080', '3 dashboard: must be a mapping (key: value), not 8080'],
    ['dashboard: { host: "a b" }', '3 dashboard.host: "a b" is not right; expected: address to listen on'],
    ['stateDir: ""', '3 stateDir: must not be empty'],
    [
      'group: { name: "a b" }',
      '3 group.name: "a b" is not right; expected: name of the group, as in discovery. Letters, digits, ":", "_" and "-", at most 128',
    ],
    ['things: {}', '3 things: must be a list, not {}'],
    ['things: [lamp]', '3 things[0]: must be a mapping (key: value), not "lamp"'],
    ['things: [{ name: A, line: GPIO4 }]', '3 things[0].line: unknown key; known here: name, role'],
    ['things: [{ name: A, role: lapm }]', '3 things[0].role: "lapm" is not known; did you mean "lamp"?'],
    [
      'things: [{ name: A, role: lamp }]',
      '3 things[0].line: is missing: a line name (GPIO17), a header position (J8:11) or { chip: LABEL, offset: N }',
    ],
    [
      'things: [{ name: A, role: lamp, line: 4 }]',
      '3 things[0].line: 4 is not right; expected: a line name (GPIO17), a header position (J8:11) or { chip: LABEL, offset: N }',
    ],
    ['things: [{ name: A, role: lamp, line: { chip: x } }]', '3 things[0].line.offset: is missing'],
    [
      'things: [{ name: A, role: lamp, line: GPIO4, every: 20 }]',
      '3 things[0].every: 20 is not a duration; write a number with ms, s, m, h or d, such as 500ms, 20s or 5m (1ms to 365d)',
    ],
    [
      'things: [{ name: A, role: lamp, line: GPIO4, every: 20 sec }]',
      '3 things[0].every: "20 sec" is not a duration; write a number with ms, s, m, h or d, such as 500ms, 20s or 5m (1ms to 365d)',
    ],
    [
      'things: [{ name: A, role: lamp, line: GPIO4, every: 400d }]',
      '3 things[0].every: "400d" is not a duration; write a number with ms, s, m, h or d, such as 500ms, 20s or 5m (1ms to 365d)',
    ],
    [
      `things: [{ name: ${'x'.repeat(129)} }]`,
      `3 things[0].name: "${'x'.repeat(56)}… is not right; expected: name of the thing and its MQTT client id. Letters, digits, ":", "_" and "-", at most 128`,
    ],
    [
      'functions: [{ name: F }]',
      [
        '3 functions[0].handler: is missing: file without extension, a dot, and the function in it: `functions/hello.function_handler`',
        '3 functions[0].runtime: is missing: what runs it',
      ],
    ],
    [
      'functions: [{ name: F, handler: h.f, runtime: python2 }]',
      '3 functions[0].runtime: "python2" is not known; did you mean "python3"?',
    ],
    [
      'functions: [{ name: F, handler: h.f, runtime: nodejs, environment: { "A-B": x } }]',
      '3 functions[0].environment.A-B: "A-B" cannot be a key here; expected: letters, digits and "_", not beginning with a digit',
    ],
    [
      'functions: [{ name: F, builtin: count }]',
      '3 functions[0].builtin: "count" is not known; there are: counter',
    ],
    [
      'subscriptions: [{ source: cloud, target: GGShadowService }]',
      '3 subscriptions[0].subject: is missing: MQTT topic filter',
    ],
    [
      'cloud: { sink: dynamo }',
      '3 cloud.sink: "dynamo" is not right; expected: where batches of statistics go: `local` (table CarStats on this machine) or `{ dynamodb: … }`. The variable can only say `local`',
    ],
    [
      'cloud: { sink: { dynamodb: {} } }',
      '3 cloud.sink.dynamodb.region: is missing: region of the table, such as eu-central-1',
    ],
    [
      'cloud: { sink: { dynamodb: { region: x, tabel: y } } }',
      '3 cloud.sink.dynamodb.tabel: unknown key; did you mean "table"?',
    ],
    [
      'connect: { discovery: { host: core.local } }',
      [
        "3 connect.discovery.ca: is missing: file with the group's CA (`root.ca.pem`)",
        '3 connect.certificates: is missing: folder with NAME.cert.pem and NAME.private.key of each thing',
      ],
    ],
  ])('%s', async (text, expected) => {
    const found = await problemsOf(withCore(text));
    expect([...found].sort()).toEqual([expected].flat().sort());
  });
});

describe('names', () => {
  it.each([
    [
      'things: [{ name: A }, { name: A }]',
      '3 things[1].name: "A" is already the name of things[0]; choose another',
    ],
    [
      'things: [{ name: Greenlight_Core }]',
      '3 things[0].name: "Greenlight_Core" is already the name of core.thingName; choose another',
    ],
    [
      'things: [{ name: cloud }]',
      '3 things[0].name: "cloud" has a meaning of its own in subscriptions; choose another name',
    ],
    [
      'things: [{ name: GGShadowService }]',
      '3 things[0].name: "GGShadowService" has a meaning of its own in subscriptions; choose another name',
    ],
    [
      'things: [{ name: A }, { name: B }]\nfunctions: [{ name: A, builtin: counter, watch: B }]',
      '4 functions[0].name: "A" is already the name of things[0]; choose another',
    ],
  ])('%s', async (text, expected) => {
    expect(await problemsOf(withCore(text))).toEqual([expected]);
  });
});

describe('lines', () => {
  const two = (first: string, second: string) =>
    withCore(`things:\n  - { name: north, ${first} }\n  - { name: south, ${second} }\n`);

  it('are held once, and the message says by whom', async () => {
    const text = two('role: crossing, lines: { red: GPIO17, green: GPIO27 }', 'role: lamp, line: GPIO27');
    expect(await problemsOf(text)).toEqual([
      '5 things[1].line: GPIO27 is already held by things[0] "north" (lines.green); choose another line',
    ]);
  });

  it('are the same by header position', async () => {
    const text = two('role: lamp, line: GPIO27', 'role: crossing, lines: { red: GPIO5, green: J8:13 }');
    expect(await problemsOf(text)).toEqual([
      '5 things[1].lines.green: J8:13 is GPIO27, which is already held by things[0] "north" (line); choose another line',
    ]);
  });

  it('are the same by chip and offset, and apart from other chips', async () => {
    const at = (chip: string) => `role: lamp, line: { chip: ${chip}, offset: 3 }`;
    expect(await problemsOf(two(at('a'), at('b')))).toEqual([]);
    const [problem] = await problemsOf(two(at('a'), at('a')));
    expect(problem).toContain('a:3, which is already held by things[0] "north" (line)');
  });

  it('are found within one thing', async () => {
    const text = withCore('things: [{ name: A, role: crossing, lines: { red: J8:11, green: GPIO17 } }]');
    expect(await problemsOf(text)).toEqual([
      '3 things[0].lines.green: GPIO17 is already held by things[0] "A" (lines.red); choose another line',
    ]);
  });

  it('are found beside other mistakes of the same thing', async () => {
    const found = await problemsOf(two('role: lamp, line: GPIO4', 'role: lamp, line: GPIO4, colour: red'));
    expect(found).toHaveLength(2);
    expect(found.join()).toContain('GPIO4 is already held');
    expect(found.join()).toContain('colour: unknown key');
  });

  it('have a form that can exist', async () => {
    const [problem] = await problemsOf(withCore('things: [{ name: A, role: lamp, line: J8:1 }]'));
    expect(problem).toMatch(/^3 things\[0\]\.line: line "J8:1": header position 1 carries no GPIO/);
    const [wire] = await problemsOf(withCore('hal: { mock: { wires: [{ from: GPIO4, to: "a b" }] } }'));
    expect(wire).toMatch(/^3 hal\.mock\.wires\[0\]\.to: line "a b": write a line name/);
  });
});

describe('neighbours', () => {
  it.each([
    [
      'things: [{ name: A, role: driver, controls: lamp }, { name: lamp1 }]',
      '3 things[0].controls: "lamp" is no thing of this file; did you mean "lamp1"?',
    ],
    [
      'things: [{ name: A, role: driver, controls: zzzzzz }]',
      '3 things[0].controls: "zzzzzz" is no thing of this file; there are: A',
    ],
    [
      'things: [{ name: A, role: driver, controls: A }]',
      '3 things[0].controls: "A" cannot drive or follow itself; name another thing',
    ],
    [
      'things: [{ name: A, role: talker, topic: t, to: [cloud, Bee] }]',
      '3 things[0].to[1]: "Bee" is no thing or function of this file; there are: A, cloud',
    ],
    [
      'things: [{ name: A, role: talker, topic: t, from: Bee }]',
      '3 things[0].from: "Bee" is no thing or function of this file; there are: A, cloud',
    ],
    [
      'functions: [{ name: F, builtin: counter, watch: Bee }]',
      '3 functions[0].watch: "Bee" is no thing of this file',
    ],
    [
      'things: [{ name: A, role: lamp, line: GPIO4, brightness: 0, every: 1s }]',
      '3 things[0].brightness: a lamp that blinks is brighter than 0; give 1 to 100',
    ],
    [
      'things: [{ name: A }]\nfunctions: [{ name: F, builtin: counter, watch: A, window: 10ms }]',
      '4 functions[0].window: is shorter than 1s; give more',
    ],
  ])('%s', async (text, expected) => {
    expect(await problemsOf(withCore(text))).toEqual([expected]);
  });

  it('may be functions and the cloud where messages go', async () => {
    const text =
      'things: [{ name: A, role: talker, topic: t, to: [F, cloud, B], from: F }, { name: B }]\nfunctions: [{ name: F, builtin: counter, watch: A }]';
    expect(await problemsOf(withCore(text))).toEqual([]);
  });
});

describe('subscriptions', () => {
  const row = (text: string) =>
    withCore(
      `things: [{ name: A, role: lamp, line: GPIO4 }, { name: B }]\nsubscriptions:\n  - { ${text} }\n`,
    );

  it.each([
    [
      'source: A, subject: a/b, target: C',
      '5 subscriptions[0].target: "C" is no thing, function, GGShadowService or cloud; there are: A, B, GGShadowService, cloud',
    ],
    [
      'source: GGShadowSevice, subject: a/b, target: B',
      '5 subscriptions[0].source: "GGShadowSevice" is no thing, function, GGShadowService or cloud; did you mean "GGShadowService"?',
    ],
    [
      'source: A, subject: a/#/b, target: B',
      '5 subscriptions[0].subject: "a/#/b" is no topic filter: "#" stands alone in the last level',
    ],
    [
      'source: A, subject: a/b#, target: B',
      '5 subscriptions[0].subject: "a/b#" is no topic filter: "#" stands alone in the last level',
    ],
    [
      'source: A, subject: a+/b, target: B',
      '5 subscriptions[0].subject: "a+/b" is no topic filter: "+" stands alone in its level',
    ],
    [
      'source: A, subject: "a\\0b", target: B',
      '5 subscriptions[0].subject: a topic filter cannot contain U+0000; remove it',
    ],
    [
      `source: A, subject: "x/\${thing}", target: B`,
      `5 subscriptions[0].subject: \${thing} needs { role: … } as source or target; write the name of the thing instead`,
    ],
    [
      `source: { role: lamp }, subject: "x\${thing}", target: B`,
      `5 subscriptions[0].subject: "x\${thing}" is no topic filter: \${thing} stands alone in its level, and once`,
    ],
    [
      `source: { role: lamp }, subject: "\${thing}/\${thing}", target: B`,
      `5 subscriptions[0].subject: "\${thing}/\${thing}" is no topic filter: \${thing} stands alone in its level, and once`,
    ],
    [
      `source: A, subject: ${'ä'.repeat(129)}, target: B`,
      '5 subscriptions[0].subject: is longer than 256 bytes; shorten it, or raise core.limits.topicBytes',
    ],
    [
      `source: A, subject: ${'a'.repeat(257)}, target: B`,
      '5 subscriptions[0].subject: is longer than 256 bytes; shorten it, or raise core.limits.topicBytes',
    ],
    [
      'source: { role: driver }, subject: x, target: B',
      '5 subscriptions[0].source: no thing of this file has the role "driver"; add one or name a thing',
    ],
    [
      'source: { role: lam }, subject: x, target: B',
      '5 subscriptions[0].source.role: "lam" is not known; did you mean "lamp"?',
    ],
    [
      'source: A, subject: x, target: B, qos: 1',
      '5 subscriptions[0].qos: unknown key; known here: source, subject, target',
    ],
  ])('%s', async (text, expected) => {
    expect(await problemsOf(row(text))).toEqual([expected]);
  });

  it.each(['a', '/', 'a//b', '+', '#', '+/a/#', '$aws/things/A/shadow/update/#'])(
    'take the filter %s',
    async (filter) => {
      expect(await problemsOf(row(`source: A, subject: "${filter}", target: cloud`))).toEqual([]);
    },
  );
});

describe('the core', () => {
  it('is needed by things, functions and subscriptions', async () => {
    const text =
      'version: 1\nthings: [{ name: A, role: lamp, line: GPIO4 }]\nfunctions: [{ name: F, builtin: counter, watch: A }]\nsubscriptions: [{ source: A, subject: a, target: cloud }]';
    expect(await problemsOf(text)).toEqual([
      '2 things[0]: "A" has no core to connect to; add "core: {}" to run one here, or "connect" to use one elsewhere',
      '3 functions: belongs to a core, and this file has none; add "core: {}", or move it to the file of the core',
      '4 subscriptions: belongs to a core, and this file has none; add "core: {}", or move it to the file of the core',
    ]);
  });

  it('may be elsewhere', async () => {
    const text =
      'version: 1\nconnect: { discovery: { host: core.local, ca: ca.pem }, certificates: certs }\nthings: [{ name: A, role: lamp, line: GPIO4 }]';
    expect(await problemsOf(text)).toEqual([]);
  });

  it('may be elsewhere for builtin functions and their sink, and for no others', async () => {
    const text = (fn: string) =>
      `version: 1\nconnect: { discovery: { host: core.local, ca: ca.pem }, certificates: certs }\nthings: [{ name: A }]\nfunctions: [${fn}]\ncloud: { sink: { dynamodb: { region: x } } }`;
    expect(await problemsOf(text('{ name: F, builtin: counter, watch: A }'))).toEqual([]);
    expect(await problemsOf(text('{ name: F, handler: a.b, runtime: python3 }'))).toEqual([
      expect.stringMatching(/^4 functions: belongs to a core/),
      expect.stringMatching(/^5 cloud\.sink: belongs to a core/),
    ]);
  });

  it.each([
    [
      'core: { mqtt: { port: 8443 } }',
      '2 core.discovery.port: 8443 is already the port of core.mqtt.port; choose another',
    ],
    [
      'core: { discovery: { alsoPort: 8883 } }',
      '2 core.discovery.alsoPort: 8883 is already the port of core.mqtt.port; choose another',
    ],
    [
      'core: { discovery: { host: 0.0.0.0 } }\ndashboard: { port: 8443 }',
      '3 dashboard.port: 8443 is already the port of core.discovery.port; choose another',
    ],
    [
      'log: { parts: { GG_Light: debug, broker: warn, shadow: debug } }\nthings: [{ name: GG_Light }]',
      '2 log.parts.shadow: no part of the log has this name; did you mean "shadows"?',
    ],
    [
      'metrics: { host: 0.0.0.0 }',
      '2 metrics.host: 0.0.0.0 is beyond loopback, and metrics are served without TLS and to everyone; use 127.0.0.1 and let what collects them run on this machine, or forward the port (ssh -L)',
    ],
  ])('%s', async (text, expected) => {
    expect(await problemsOf(`version: 1\n${text}`)).toEqual([expected]);
  });

  it('may listen twice on free ports, and on one port of two addresses', async () => {
    expect(await problemsOf('version: 1\ncore: { mqtt: { port: 0 }, discovery: { port: 0 } }')).toEqual([]);
    const text = 'version: 1\ncore: { mqtt: { host: 127.0.0.2, port: 8443 } }';
    expect(await problemsOf(text)).toEqual([]);
  });
});

describe('the cloud', () => {
  it('belongs to a core', async () => {
    const text = 'version: 1\ncloud:\n  iot: { endpoint: x.example }\n  sink: { dynamodb: { region: x } }';
    const message = 'belongs to a core, and this file has none; add "core: {}", or use "connect" without it';
    expect(await problemsOf(text)).toEqual([`3 cloud.iot: ${message}`, `4 cloud.sink: ${message}`]);
  });

  it('sends nothing to itself', async () => {
    expect(
      await problemsOf(withCore('subscriptions: [{ source: cloud, subject: a, target: cloud }]')),
    ).toEqual([
      '3 subscriptions[0].target: cloud is the source already; a row from cloud goes to a thing, a function or GGShadowService',
    ]);
  });

  it('takes a certificate with its key', async () => {
    const text = withCore('cloud: { iot: { endpoint: x.example, certificate: a.pem } }');
    expect(await problemsOf(text)).toEqual([
      '3 cloud.iot.privateKey: is missing: certificate and privateKey go together; give both or neither',
    ]);
  });
});

describe('a core elsewhere', () => {
  it.each([
    ['{}', '2 connect: says not where the core is; add one of discovery, greengrass, awsIot'],
    [
      '{ awsIot: { endpoint: a }, greengrass: { region: b } }',
      '2 connect.awsIot: "greengrass" says already where the core is; leave one of them',
    ],
    [
      '{ greengrass: { port: 443 } }',
      '2 connect.greengrass: says not where discovery is; add region, such as eu-central-1, or endpoint',
    ],
  ])('%s', async (text, expected) => {
    const connect = text === '{}' ? '{ certificates: c }' : text.replace(/ }$/, ', certificates: c }');
    expect(await problemsOf(`version: 1\nconnect: ${connect}`)).toEqual([expected]);
  });
});

describe('all problems', () => {
  const text = `version: 1
core:
  mqtt:
    port: 1.5
things:
  - name: A
    role: lamp
    line: GPIO17
    colour: red
  - name: A
    role: crossing
    lines:
      red: J8:11
subscriptions:
  - source: A
    subject: a/#
    target: Z
`;

  it('come at once, in the order of the file, with line and column', async () => {
    const { problems } = await check(text, { env: { GREENLIGHT_LOG_LEVEL: 'loud' } });
    expect(problems.map(({ path, line, column }) => [path, line, column])).toEqual([
      ['GREENLIGHT_LOG_LEVEL', 0, 0],
      ['core.mqtt.port', 4, 11],
      ['things[0].colour', 9, 5],
      ['things[1].name', 10, 11],
      ['things[1].lines.green', 13, 7],
      ['things[1].lines.red', 13, 12],
      ['subscriptions[0].target', 17, 13],
    ]);
  });

  it('stand in the error', async () => {
    const error = new ConfigError('CONFIG_INVALID', 'site.yaml', (await check(text)).problems);
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toMatch(
      /^site\.yaml: 6 problems\nsite\.yaml:4:11 core\.mqtt\.port: must be a whole number/,
    );
    expect(error.message.split('\n')).toHaveLength(7);
  });

  it('follow aliases to where they stand', async () => {
    const shared = withCore('things:\n  - &a { name: A, role: lamp, line: GPIO4, every: soon }\n  - *a\n');
    const { problems } = await check(shared);
    expect(problems.map(({ path, line }) => `${line} ${path}`).sort()).toEqual([
      '4 things[0].every',
      '4 things[1].every',
      '4 things[1].line',
      '4 things[1].name',
    ]);
  });

  it('have no line when they are not in the file', () => {
    const problem = { path: 'GREENLIGHT_LOG_LEVEL', line: 0, column: 0, message: 'is wrong' };
    expect(formatProblem('site.yaml', problem)).toBe('site.yaml GREENLIGHT_LOG_LEVEL: is wrong');
  });
});

describe('loadConfig', () => {
  it('refuses a file that cannot be read, saying why', async () => {
    const options = { catalog: TEST_CATALOG, env: {} };
    await expect(loadConfig('/nonexistent/site.yaml', options)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      problems: [{ message: 'there is no such file; give one with -c FILE, such as config/laptop.yaml' }],
    });
    await expect(loadConfig('/', options)).rejects.toMatchObject({
      problems: [{ message: 'is a folder; name a file in it' }],
    });
  });
});
