import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CoreOfLight, describeTrafficLight } from '../contract/traffic-light.js';
import { type RunningApp, runApp } from '../support/app.js';
import { cli } from '../support/cli.js';
import { CLOUDS, type CloudStandIn } from '../support/cloud-stand-in.js';
import { wire } from '../support/far-broker.js';
import { pki } from '../support/pki.js';
import { freePorts } from '../support/ports.js';

const NAME = 'GG_TrafficLight';
const TRANSPORTS = ['mqtt', 'aws-sdk'] as const;

/** What both kinds of core of this product share. */
function shadowOf(control: (app: RunningApp) => RunningApp['control']): Pick<CoreOfLight, 'state' | 'want'> {
  return {
    state: async (app) => {
      const document = await control(app)
        .call('GET', `/shadow/${NAME}`)
        // there is none before the first report
        .catch(() => ({}));
      return ((document as { state?: object }).state ?? {}) as Awaited<ReturnType<CoreOfLight['state']>>;
    },
    want: (app, property) =>
      control(app).call('POST', `/shadow/${NAME}`, { state: { desired: { property } } } as never),
  };
}

describeTrafficLight({
  name: 'running it in the same process',
  make: async () => ({
    section: 'core: { mqtt: { port: 0 }, discovery: { port: 0 } }',
    ...shadowOf((app) => app.control),
    stop: async () => {},
  }),
});

/** A core of this product in an instance of its own. It listens beside the address that it tells, and a line leads there. */
async function apart(folder: string, section: (port: number, certs: string) => string): Promise<CoreOfLight> {
  const [mqtt, discovery] = (await freePorts(2)) as [number, number];
  const stateDir = join(folder, 'core');
  const certs = join(folder, 'certs');
  const run = () =>
    runApp(
      `
version: 1
hal: { driver: mock }
core:
  advertise: [127.0.0.1]
  mqtt: { host: 127.0.0.2, port: ${mqtt} }
  discovery: { host: 127.0.0.1, port: ${discovery} }
`,
      { stateDir, onEnd: () => {} },
    );
  let core = await run();
  const line = await wire(mqtt, { port: mqtt, host: '127.0.0.2' });
  await cli(['thing', 'add', NAME, '--out', certs, '--state', stateDir]);
  return {
    section: section(discovery, certs),
    ...shadowOf(() => core.control),
    line,
    restart: async () => {
      await core.stop();
      core = await run();
    },
    refuse: async () => {
      await cli(['thing', 'revoke', NAME, '--state', stateDir]);
      return /discovery at .* answered 40\d: the certificate|could not connect/;
    },
    stop: async () => {
      line.close();
      await core.stop();
    },
  };
}

async function awsIot(
  folder: string,
  transport: string,
  make: () => Promise<CloudStandIn>,
): Promise<CoreOfLight> {
  const cloud = await make();
  const certs = join(folder, 'certs');
  await mkdir(certs);
  const issue = async (from: Pick<CloudStandIn, 'thing'>) => {
    const { certificate, privateKey } = await from.thing(NAME);
    await writeFile(join(certs, `${NAME}.cert.pem`), certificate);
    await writeFile(join(certs, `${NAME}.private.key`), privateKey, { mode: 0o600 });
  };
  await writeFile(join(certs, 'root.ca.pem'), cloud.address.ca);
  await issue(cloud);
  const { shadows } = cloud;
  return {
    section: `connect:
  awsIot: { endpoint: 127.0.0.1, port: ${cloud.address.port}, ca: ${certs}/root.ca.pem }
  transport: ${transport}
  certificates: ${certs}`,
    state: async () => ((await shadows.read(NAME))?.state ?? {}) as Awaited<ReturnType<CoreOfLight['state']>>,
    want: (_, property) =>
      shadows.update(NAME, undefined, { state: { desired: { property } } } as never, 'console'),
    line: cloud,
    restart: () => cloud.restart(),
    refuse: async () => {
      await issue(await pki());
      return /GG_TrafficLight could not connect to 127\.0\.0\.1:\d+: .*(certificate|CA|TLS|closed|alert)/;
    },
    stop: () => cloud.stop(),
  };
}

for (const transport of TRANSPORTS) {
  describeTrafficLight({
    name: `discovery, over ${transport}`,
    make: (folder) =>
      apart(
        folder,
        (port, certs) => `connect:
  discovery: { host: 127.0.0.1, port: ${port}, ca: ${certs}/root.ca.pem }
  transport: ${transport}
  certificates: ${certs}`,
      ),
  });
  describeTrafficLight({
    name: `Greengrass discovery, over ${transport}`,
    make: (folder) =>
      apart(
        folder,
        (port, certs) => `connect:
  greengrass: { endpoint: 127.0.0.1, port: ${port}, ca: ${certs}/root.ca.pem }
  transport: ${transport}
  certificates: ${certs}`,
      ),
  });
  for (const [name, possible, make] of CLOUDS) {
    describeTrafficLight({
      name: `the endpoint of AWS IoT, played by ${name}, over ${transport}`,
      possible,
      make: (folder) => awsIot(folder, transport, make),
    });
  }
}
