import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../../hal/index.js';
import { statePaths } from '../../state-dir.js';
import type { AppStatus } from '../../status.js';
import type { Connection, CoreAddress, Credentials } from '../../things/connection.js';
import { ThingError } from '../../things/errors.js';
import { EXIT } from '../exit.js';
import type { CliIo } from '../io.js';
import type { Command, Register } from '../program.js';
import { instance, type StateOptions, stateFolder, withState } from '../state.js';

interface MqttOptions extends StateOptions {
  readonly certs?: string;
  readonly host?: string;
  readonly port?: string;
}

/** `greenlight mqtt pub|sub`: speaks to a core with a thing's certificate. */
export const registerMqtt: Register = (program, { io, action }) => {
  const mqtt = program.command('mqtt').description('publish and subscribe with the certificate of a thing');

  withCore(mqtt.command('pub <thing> <topic> <payload>'))
    .description('publish one message at QoS 1, as THING')
    .action(
      action(async (thing: string, topic: string, payload: string, options: MqttOptions) => {
        const connection = await open(thing, options, io, () => {});
        try {
          await connection.publish(topic, payload);
        } catch (error) {
          if (!/not authorized/i.test(messageOf(error))) throw error;
          io.err(
            `greenlight: no row lets ${thing} publish ${topic}: greenlight why ${thing} publish '${topic}' says more\n`,
          );
          return EXIT.no;
        } finally {
          await connection.close();
        }
        return EXIT.done;
      }),
    );

  withCore(mqtt.command('sub <thing> <filters...>'))
    .description('print messages that reach THING, until Ctrl-C')
    .option('--count <n>', 'end after so many messages')
    .action(
      action(async (thing: string, filters: string[], options: MqttOptions & { count?: string }) => {
        const limit = options.count === undefined ? Number.POSITIVE_INFINITY : Number(options.count);
        if (!(limit >= 1)) {
          io.err(`greenlight: --count ${options.count}: write a whole number from 1\n`);
          return EXIT.usage;
        }
        return listen(thing, filters, limit, options, io);
      }),
    );
};

function withCore(command: Command): Command {
  return withState(command)
    .option(
      '--certs <dir>',
      'folder with THING.cert.pem, THING.private.key and root.ca.pem (default: those in the state folder)',
    )
    .option('--host <host>', 'of the core (default: that of the running instance)')
    .option('--port <port>', 'of the core (default: that of the running instance)');
}

async function listen(
  thing: string,
  filters: readonly string[],
  limit: number,
  options: MqttOptions,
  io: CliIo,
): Promise<number> {
  let count = 0;
  let end: (cause: string | undefined) => void = () => {};
  const ended = new Promise<string | undefined>((resolve) => {
    end = resolve;
  });
  io.signal.addEventListener('abort', () => end(undefined), { once: true });
  const onMessage = (topic: string, payload: Buffer): void => {
    if (count >= limit) return;
    io.out(`${topic}  ${payload.toString('utf8')}\n`);
    count += 1;
    if (count >= limit) end(undefined);
  };
  const connection = await open(thing, options, io, onMessage, (cause) => end(cause));
  try {
    await connection.subscribe(filters);
    const cause = io.signal.aborted ? undefined : await ended;
    if (cause === undefined) return EXIT.done;
    io.err(`greenlight: the connection of ${thing} ended: ${cause}\n`);
    return EXIT.no;
  } finally {
    await connection.close();
  }
}

async function open(
  thing: string,
  options: MqttOptions,
  io: CliIo,
  onMessage: (topic: string, payload: Buffer) => void,
  onClose: (cause: string) => void = () => {},
): Promise<Connection> {
  const credentials = await credentialsOf(thing, options, io);
  const address = await addressOf(thing, options, io);
  // a client that the other commands need not load
  const { connectMqtt } = await import('../../things/mqtt.js');
  return connectMqtt({ address, credentials, onMessage, onClose, signal: io.signal });
}

async function credentialsOf(thing: string, options: MqttOptions, io: CliIo): Promise<Credentials> {
  const folder = options.certs ?? join(statePaths(stateFolder(options, io)).things, thing);
  return {
    thing,
    certificate: await readPem(join(folder, `${thing}.cert.pem`), thing),
    privateKey: await readPem(join(folder, `${thing}.private.key`), thing),
  };
}

async function addressOf(thing: string, options: MqttOptions, io: CliIo): Promise<CoreAddress> {
  const caFile = join(options.certs ?? statePaths(stateFolder(options, io)).ca, 'root.ca.pem');
  const ca = await readPem(caFile, thing);
  if (options.host !== undefined && options.port !== undefined)
    return { host: options.host, port: Number(options.port), ca };
  const status = (await instance(options, io).call('GET', '/status')) as unknown as AppStatus;
  const figures = status.parts.find(({ kind, name }) => kind === 'listener' && name === 'mqtt')?.figures;
  const host = options.host ?? String(figures?.host ?? '127.0.0.1');
  return { host: host === '0.0.0.0' ? '127.0.0.1' : host, port: Number(options.port ?? figures?.port), ca };
}

async function readPem(file: string, thing: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new ThingError(
      'THING_CREDENTIALS',
      `${file} cannot be read; issue it with greenlight thing add ${thing} --out DIR (thing renew, when it has one) and name it with --certs DIR`,
      { cause: error },
    );
  }
}
