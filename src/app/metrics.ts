/** What metrics and health are told. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject, Log } from '../../hal/index.js';
import { readTotals } from '../aggregator/car-aggregator.js';
import type { Endpoint } from '../config/model.js';
import type { Core } from '../core/core.js';
import type { Identity } from '../core/identity/open.js';
import type { CertificateLife, LightFigures, MetricsDeps } from '../metrics/index.js';
import type { AppStatus } from '../status.js';
import type { Store } from '../store/contract.js';

export interface MetricsSources {
  readonly listen: Endpoint;
  /** Folder with NAME.cert.pem, where things use a core elsewhere. */
  readonly certificates: string | undefined;
  readonly log: Log;
  readonly cars: Store;
  readonly core: Core | undefined;
  readonly identity: Identity | undefined;
  readonly status: () => AppStatus;
  /** Things of this machine. */
  readonly things: () => readonly { readonly name: string; readonly connected: boolean }[];
  readonly lights: LightChanges;
}

export function metricsDeps(sources: MetricsSources): MetricsDeps {
  const { listen, log, cars, core, identity, status, things, lights } = sources;
  return {
    ...listen,
    log,
    status: async () => {
      await core?.functions.measure();
      return status();
    },
    things: () => (core === undefined ? things() : members(core)),
    certificates: async () => (core && identity ? certificates(core, identity) : shown(sources)),
    cars: async () =>
      (await readTotals(cars)).map(({ thing, totals }) => ({
        thing,
        cars: totals.totalTraffic,
        greens: totals.totalGreenlights,
      })),
    lights: () => lights.figures(),
  };
}

function members({ broker, group }: Core): readonly { name: string; connected: boolean }[] {
  const connected = new Set(
    broker
      .clients()
      .filter((client) => client.connected)
      .map(({ clientId }) => clientId),
  );
  return group
    .members()
    .filter(({ kind }) => kind === 'thing')
    .map(({ name }) => ({ name, connected: connected.has(name) }));
}

function certificates(core: Core, { ca, registry }: Identity): readonly CertificateLife[] {
  const own = (kind: 'ca' | 'server', pem: string): CertificateLife => ({
    kind,
    name: '',
    expiresAt: Date.parse(new X509Certificate(pem).validTo),
  });
  const things = registry.list().flatMap(({ name, expiresAt, revoked }): CertificateLife[] => {
    if (expiresAt === null || revoked !== null) return [];
    return [{ kind: 'thing', name, expiresAt: Date.parse(expiresAt) }];
  });
  return [own('ca', ca.certificate), own('server', core.serverCredentials.cert), ...things];
}

/** What the things of this machine show to a core elsewhere. */
async function shown({ certificates: folder, things }: MetricsSources): Promise<readonly CertificateLife[]> {
  if (folder === undefined) return [];
  const lives = things().map(async ({ name }): Promise<CertificateLife[]> => {
    try {
      const { validTo } = new X509Certificate(await readFile(join(folder, `${name}.cert.pem`)));
      return [{ kind: 'thing', name, expiresAt: Date.parse(validTo) }];
    } catch {
      // the thing itself says in status what is wrong with it
      return [];
    }
  });
  return (await Promise.all(lives)).flat();
}

/** Counts how often lights turned to which colour. */
export class LightChanges {
  readonly #last = new Map<string, string>();
  readonly #changes = new Map<string, Map<string, number>>();

  readonly note = ({ name, state }: { readonly name: string; readonly state: JsonObject }): void => {
    const { property } = state;
    if (property !== 'R' && property !== 'Y' && property !== 'G') return;
    const before = this.#last.get(name);
    if (before === property) return;
    this.#last.set(name, property);
    // how it stood at the start is no change
    if (before === undefined) return;
    const changes = this.#changes.get(name) ?? new Map<string, number>();
    changes.set(property, (changes.get(property) ?? 0) + 1);
    this.#changes.set(name, changes);
  };

  figures(): readonly LightFigures[] {
    return [...this.#changes].flatMap(([thing, changes]) =>
      [...changes].map(([colour, count]) => ({ thing, colour, changes: count })),
    );
  }
}
