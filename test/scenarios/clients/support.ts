/** A whole core on loopback with real TLS, and devices with the files that `thing add` gives them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type JsonValue, SystemClock } from '../../../hal/index.js';
import { Core, type CoreOptions } from '../../../src/core/core.js';
import type { SubscriptionRow } from '../../../src/core/group/index.js';
import { type Identity, openIdentity } from '../../../src/core/identity/open.js';
import { MemoryStore } from '../../../src/store/memory.js';
import { recordingLog } from '../../core/identity/support.js';
import { temporaryFolder } from '../../support/folder.js';

export interface DeviceFiles {
  readonly thing: string;
  /** PEM. */
  readonly certificate: string;
  readonly privateKey: string;
  readonly ca: string;
}

export interface RunningCore {
  readonly core: Core;
  readonly identity: Identity;
  readonly log: ReturnType<typeof recordingLog>;
  /** Issues a thing's certificate; it is a member at once. */
  device(thing: string): Promise<DeviceFiles>;
}

export async function runningCore(
  options: {
    readonly rows?: readonly SubscriptionRow[];
    readonly functions?: CoreOptions['functions'];
    readonly alsoPort?: number;
  } = {},
): Promise<RunningCore> {
  const folder = await temporaryFolder();
  const clock = new SystemClock();
  const log = recordingLog();
  const caFolder = join(folder, 'ca');
  const identity = await openIdentity(
    { ca: caFolder, things: join(folder, 'things') },
    { groupName: 'crossing', clock },
  );
  const core = new Core({
    config: {
      thingName: 'Greenlight_Core',
      advertise: ['127.0.0.1'],
      mqtt: { host: '127.0.0.1', port: 0 },
      discovery: {
        host: '127.0.0.1',
        port: 0,
        mdns: false,
        ...(options.alsoPort !== undefined && { alsoPort: options.alsoPort }),
      },
      shadow: { sizeLimit: 8_192 },
      limits: { messageBytes: 131_072, topicBytes: 256, topicSlashes: 7 },
      certificates: { deviceDays: 30, serverDays: 7, overlapDays: 30 },
    },
    groupName: 'crossing',
    definition: {
      core: 'Greenlight_Core',
      things: [
        { name: 'GG_TrafficLight' },
        { name: 'GG_Switch' },
        { name: 'HelloWorld_Publisher' },
        { name: 'HelloWorld_Subscriber' },
      ],
      functions: (options.functions ?? []).map(({ name }) => ({ name })),
      rows: options.rows ?? [],
    },
    identity,
    caFolder,
    store: new MemoryStore(),
    functions: options.functions ?? [],
    clock,
    log,
  });
  onTestFinished(() => core.stop());
  await core.start(new AbortController().signal);
  const device = async (thing: string): Promise<DeviceFiles> => {
    const out = join(folder, 'out', thing);
    await identity.registry.add(thing, { days: 10, out });
    core.admit(thing);
    const read = (name: string): Promise<string> => readFile(join(out, name), 'utf8');
    return {
      thing,
      certificate: await read(`${thing}.cert.pem`),
      privateKey: await read(`${thing}.private.key`),
      ca: await read('root.ca.pem'),
    };
  };
  return { core, identity, log, device };
}

/** A promise and what resolves it. */
export function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** A payload as the SDKs hand it over. */
export function jsonOf(payload: unknown): JsonValue {
  const bytes = payload instanceof ArrayBuffer ? Buffer.from(payload) : Buffer.from(payload as Uint8Array);
  return JSON.parse(bytes.toString()) as JsonValue;
}

/** The next event of that name, with its arguments. An `error` before it is no failure of the waiting. */
export function next(emitter: object, name: string): Promise<unknown[]> {
  return new Promise((resolve) => {
    (emitter as NodeJS.EventEmitter).once(name, (...values: unknown[]) => resolve(values));
  });
}
