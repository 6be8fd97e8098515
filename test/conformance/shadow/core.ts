import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { SILENT, VirtualClock } from '../../../hal/index.js';
import { durableShadows, ShadowService, type ShadowStore } from '../../../src/core/shadow/index.js';
import { LevelStore } from '../../../src/store/level.js';
import { type OpenBroker, openBroker } from '../../mqtt/open-broker.js';

/** The real broker on a loopback port without certificates, and the real service on a real disk. */
export class ShadowCore {
  readonly clock = new VirtualClock(Date.now());
  #gate: Promise<void> | undefined;
  #service: ShadowService;

  private constructor(
    private readonly folder: string,
    private readonly store: LevelStore,
    private readonly open: OpenBroker,
  ) {
    this.#service = this.#newService();
  }

  static async open(): Promise<ShadowCore> {
    const folder = await mkdtemp(join(tmpdir(), 'greenlight-conformance-'));
    const store = await LevelStore.open(join(folder, 'db'));
    const core = new ShadowCore(folder, store, await openBroker());
    await core.#service.start(new AbortController().signal);
    return core;
  }

  get service(): ShadowService {
    return this.#service;
  }

  get url(): string {
    return this.open.url;
  }

  async restart(): Promise<void> {
    await this.#service.stop();
    this.#service = this.#newService();
    await this.#service.start(new AbortController().signal);
  }

  holdSaves(): () => void {
    let release = (): void => {};
    this.#gate = new Promise((resolve) => {
      release = resolve;
    });
    return () => {
      this.#gate = undefined;
      release();
    };
  }

  /** Resolves when a client has connected with this will, was cut off, and the broker has published it. */
  async lose(version: 4 | 5, clientId: string, topic: string, payload: string): Promise<void> {
    const client = await connectAsync(this.open.url, {
      protocolVersion: version,
      clientId,
      reconnectPeriod: 0,
      will: { topic, payload: Buffer.from(payload), qos: 1, retain: false },
    });
    const published = new Promise<void>((resolve) => {
      const onMessage = (message: { readonly from: string }): void => {
        if (message.from !== clientId) return;
        this.open.broker.events.off('message', onMessage);
        resolve();
      };
      this.open.broker.events.on('message', onMessage);
    });
    client.stream.destroy();
    await published;
  }

  async close(): Promise<void> {
    await this.#service.stop();
    await this.open.close();
    await this.store.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  #newService(): ShadowService {
    const inner = durableShadows(this.store, { clock: this.clock });
    const store: ShadowStore = {
      load: (id, report) => inner.load(id, report),
      names: (thing, page) => inner.names(thing, page),
      shadows: (page) => inner.shadows(page),
      tombstones: () => inner.tombstones(),
      setAside: (limit) => inner.setAside(limit),
      save: async (id, next, previous) => {
        await this.#gate;
        return inner.save(id, next, previous);
      },
    };
    return new ShadowService({
      port: this.open.broker.port('GGShadowService'),
      store,
      clock: this.clock,
      log: SILENT,
    });
  }
}
