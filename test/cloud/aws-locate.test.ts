import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SILENT, SystemClock } from '../../hal/index.js';
import { awsIotCore, discoveryHost, greengrassDiscovery } from '../../src/things/aws-locate.js';
import { connectAwsSdk } from '../../src/things/aws-sdk.js';
import { Link } from '../../src/things/link.js';
import { connectMqtt } from '../../src/things/mqtt.js';
import { farBroker } from '../support/far-broker.js';
import { temporaryFolder } from '../support/folder.js';
import { pki } from '../support/pki.js';
import { until } from '../support/until.js';

const never = new AbortController().signal;

describe('a Greengrass core elsewhere', () => {
  it('is found by discovery, reached at the address that answers, and remembered', async () => {
    const far = await farBroker();
    onTestFinished(() => far.stop());
    const web = await pki();
    const credentials = await far.thing('Thing');
    const { port, ca } = far.address;
    const at = (host: string, number: number) => ({
      Id: host,
      HostAddress: host,
      PortNumber: number,
      Metadata: '',
    });
    const cores = [
      { thingArn: 'arn:aws:iot:eu-central-1:1:thing/A', Connectivity: [at('127.0.0.1', 1)] },
      {
        thingArn: 'arn:aws:iot:eu-central-1:1:thing/B',
        Connectivity: [at('127.0.0.1', 1), at('127.0.0.1', port)],
      },
    ];
    const answer = { text: JSON.stringify({ GGGroups: [{ GGGroupId: 'g', Cores: cores, CAs: [ca] }] }) };
    const asked: (string | undefined)[] = [];
    const server = createServer(
      {
        cert: web.server.certificate,
        key: web.server.privateKey,
        requestCert: true,
        rejectUnauthorized: false,
      },
      (request, response) => {
        asked.push(request.url);
        response.end(answer.text);
      },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const cacheFile = join(await temporaryFolder(), 'discovery.json');
    const make = () =>
      new Link({
        credentials: async () => credentials,
        locate: greengrassDiscovery({
          endpoint: '127.0.0.1',
          port: (server.address() as AddressInfo | null)?.port ?? 1,
          ca: web.ca,
          credentials: async () => credentials,
          cacheFile,
          log: SILENT,
        }),
        connect: connectAwsSdk,
        clock: new SystemClock(),
        log: SILENT,
        random: () => 0,
        backoff: { firstMs: 20, maxMs: 50 },
      });
    const first = make();
    await first.start(never);
    await until(() => first.status().connected);
    expect(first.status().core).toBe(`127.0.0.1:${port}`);
    expect(asked).toEqual(['/greengrass/discover/thing/Thing']);
    await first.stop();
    expect(await readFile(cacheFile, 'utf8')).toBe(answer.text);
    await new Promise((resolve) => server.close(resolve));
    const second = make();
    await second.start(never);
    await until(() => second.status().connected);
    await second.stop();
  });

  it('outlives an answer that is not JSON', async () => {
    const web = await pki();
    const server = createServer({ cert: web.server.certificate, key: web.server.privateKey }, (_, response) =>
      response.end('<html>Please log in to the hotel</html>'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const credentials = await web.thing('Thing');
    const locate = greengrassDiscovery({
      endpoint: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      ca: web.ca,
      credentials: async () => credentials,
      cacheFile: join(await temporaryFolder(), 'discovery.json'),
      log: SILENT,
    });
    await expect(locate(never)).rejects.toMatchObject({ code: 'THING_DISCOVERY' });
  });

  it('is asked for at the host of its region', () => {
    expect(discoveryHost('eu-central-1')).toBe('greengrass-ats.iot.eu-central-1.amazonaws.com');
    expect(discoveryHost('cn-north-1')).toBe('greengrass-ats.iot.cn-north-1.amazonaws.com.cn');
  });
});

describe('AWS IoT Core', () => {
  it('is trusted by Amazon’s own root, which Node knows', async () => {
    const [address] = await awsIotCore({ endpoint: 'x-ats.iot.eu-central-1.amazonaws.com' })(never);
    expect(address).toMatchObject({ host: 'x-ats.iot.eu-central-1.amazonaws.com', port: 8883 });
    const subjects = rootCertificates.map((pem) => new X509Certificate(pem).subject);
    expect(subjects.some((subject) => subject.includes('CN=Amazon Root CA 1'))).toBe(true);
  });

  it.each([
    ['mqtt', connectMqtt],
    ['aws-iot-device-sdk-v2', connectAwsSdk],
  ])('is reached by %s with that whole list of roots', async (_, connect) => {
    const far = await farBroker();
    onTestFinished(() => far.stop());
    const [address] = await awsIotCore({ endpoint: 'x' })(never);
    const connection = await connect({
      address: { ...far.address, ca: `${address!.ca}\n${far.address.ca}` },
      credentials: await far.thing('Thing'),
      signal: never,
      onMessage: () => {},
      onClose: () => {},
    });
    await connection.publish('a', 'b');
    await connection.close();
  });
});
