/** What the control socket answers; each route is one command's other half. */
import { on } from 'node:events';
import { basename } from 'node:path';
import { isJsonObject, type JsonObject } from '../hal/index.js';
import { readTotals } from './aggregator/car-aggregator.js';
import { readRows } from './aggregator/local-sink.js';
import type { Deployments } from './app/deploy.js';
import { groupLists } from './app/group.js';
import { logRoutes } from './app/log.js';
import type { InstanceUpdates } from './app/update.js';
import { CATALOG } from './catalog.js';
import { ConfigError, checkConfig } from './config/index.js';
import { ControlError } from './control/errors.js';
import type { ControlHandler, ControlRequest, ControlRoutes } from './control/server.js';
import type { Core } from './core/core.js';
import type { BroughtApplication, DeploymentRecord } from './core/deployments/index.js';
import { partyText } from './core/group/index.js';
import type { Identity } from './core/identity/open.js';
import { type ShadowChange, type ShadowDocument, untilReported } from './core/shadow/index.js';
import type { LogLevels } from './log/index.js';
import { type AppStatus, healthOf } from './status.js';
import type { Store } from './store/contract.js';
import { readTelemetry } from './telemetry/index.js';

export interface RouteParts {
  readonly status: () => AppStatus;
  /** Absent: the log's levels cannot be set. */
  readonly levels: LogLevels | undefined;
  /** The aggregator's section of the store. */
  readonly cars: Store;
  /** Where measurements are kept. */
  readonly telemetry: Store;
  /** Absent: this machine only carries things. */
  readonly core: CoreParts | undefined;
}

export interface CoreParts {
  readonly core: Core;
  readonly identity: Identity;
  readonly deviceDays: number;
  /** Days for which a renewed certificate is good beside the new one. */
  readonly overlapDays: number;
  readonly deployments: Deployments;
  readonly updates: InstanceUpdates;
  /** For the checks of a deployed file. */
  readonly env: NodeJS.ProcessEnv;
}

/** Longest `settle` in ms: a caller that waits longer asks again. */
const SETTLE_LIMIT_MS = 600_000;

export function controlRoutes(parts: RouteParts): ControlRoutes {
  return {
    'GET /status': async () => {
      await parts.core?.core.functions.measure();
      return parts.status();
    },
    'GET /health': async () => healthOf(parts.status()),
    'GET /stats': ({ parameters }) => stats(parts.cars, Number(parameters.limit ?? 10)),
    'GET /telemetry/:thing': ({ parameters: { thing = '', since, next } }) =>
      readTelemetry(parts.telemetry, thing, {
        ...(since !== undefined && { since: Number(since) || 0 }),
        ...(next !== undefined && { next }),
      }),
    ...logRoutes(parts.levels),
    ...coreRoutes(parts),
  };
}

async function stats(cars: Store, limit: number): Promise<unknown> {
  return {
    totals: await readTotals(cars),
    rows: await readRows(cars, Math.min(Math.max(limit, 1), 100_000)),
  };
}

function coreRoutes(parts: RouteParts): ControlRoutes {
  if (parts.core === undefined) {
    const none: ControlHandler = async () => {
      throw new ControlError('CONTROL_REFUSED', 'this instance has no core; ask the machine that runs it');
    };
    return Object.fromEntries(CORE_ROUTES.map((route) => [route, none]));
  }
  const { core, identity, deviceDays, overlapDays } = parts.core;
  const { shadows, group } = core;
  const { registry, ca } = identity;
  const issue = async (verb: 'add' | 'renew', name: string, now = false): Promise<unknown> => {
    const { certificate, privateKey } = await registry[verb](name, {
      days: deviceDays,
      keepKey: false,
      ...(verb === 'renew' && { overlapDays: now ? 0 : overlapDays }),
    });
    core.admit(name);
    return { certificate, privateKey, ca: ca.certificate };
  };
  const named = ({ parameters }: ControlRequest): [string, string | undefined] => [
    parameters.thing!,
    parameters.name,
  ];
  const routes: Record<(typeof CORE_ROUTES)[number], ControlHandler> = {
    'GET /subscriptions': async () =>
      group.table
        .list()
        .map((row) => ({ ...row, source: partyText(row.source), target: partyText(row.target) })),
    'GET /why': async ({ parameters: { client = '', action, topic = '', to } }) =>
      group.why({
        client,
        action: action === 'subscribe' ? 'subscribe' : 'publish',
        topic,
        ...(to !== undefined && { to }),
      }),
    'GET /things': async () => {
      const connected = new Set(core.broker.clients().map(({ clientId }) => clientId));
      return registry.list().map((record) => ({ ...record, connected: connected.has(record.name) }));
    },
    'POST /things/reload': async () => {
      const change = await registry.reload();
      for (const name of change.added) core.admit(name);
      for (const name of [...change.revoked, ...change.removed]) core.expel(name);
      return change;
    },
    'POST /things/:name/add': ({ parameters }) => issue('add', parameters.name!),
    'POST /things/:name/renew': ({ parameters, body }) => issue('renew', parameters.name!, body.now === true),
    'POST /things/:name/import': async ({ parameters, body }) => {
      const record = await registry.importCertificate(parameters.name!, String(body.certificate ?? ''));
      core.admit(record.name);
      return record;
    },
    'POST /things/:name/revoke': async ({ parameters, body }) => {
      if (body.older === true) return registry.revokeOlder(parameters.name!);
      await registry.revoke(parameters.name!);
      core.expel(parameters.name!);
    },
    ...deploymentRoutes(parts.core),
    'GET /shadows/:thing': async ({ parameters }) => allNames(core, parameters.thing!),
    'GET /shadow/:thing': async (request) => {
      const settle = Number(request.parameters.settle ?? 0);
      if (settle > 0)
        await settled(core, ...named(request), Math.min(settle, SETTLE_LIMIT_MS), request.signal);
      return shadows.get(...named(request));
    },
    'POST /shadow/:thing': async (request) => {
      const { accepted, delta } = await shadows.update(...named(request), request.body, 'cli');
      return { ...accepted, ...(delta && { delta }) };
    },
    'DELETE /shadow/:thing': (request) => shadows.delete(...named(request), 'cli'),
    'GET /shadow/:thing/watch': (request) => watch(core, ...named(request), request.signal),
  };
  return routes;
}

const CORE_ROUTES = [
  'GET /subscriptions',
  'GET /why',
  'GET /things',
  'POST /things/reload',
  'POST /things/:name/add',
  'POST /things/:name/renew',
  'POST /things/:name/import',
  'POST /things/:name/revoke',
  'GET /deployments',
  'POST /deployments',
  'POST /deployments/application/:id',
  'POST /deployments/reset',
  'POST /deployments/:id/again',
  'GET /deployments/:id/watch',
  'GET /shadows/:thing',
  'GET /shadow/:thing',
  'POST /shadow/:thing',
  'DELETE /shadow/:thing',
  'GET /shadow/:thing/watch',
] as const;

type DeploymentRoute = Extract<(typeof CORE_ROUTES)[number], `${string}/deployments${string}`>;

function deploymentRoutes({ deployments, updates, env }: CoreParts): Record<DeploymentRoute, ControlHandler> {
  const by = ({ body }: ControlRequest): { by: string } => ({ by: String(body.by ?? 'control socket') });
  return {
    'GET /deployments': async ({ parameters }) => deployments.list(Number(parameters.limit ?? 50)),
    'POST /deployments': async (request) => {
      const { file, text, application } = request.body;
      const { config, problems } = await checkConfig(
        { file: String(file), text: String(text) },
        { catalog: CATALOG, env },
      );
      if (config === undefined) throw new ConfigError('CONFIG_INVALID', String(file), problems);
      const brought =
        config.application && isJsonObject(application)
          ? await broughtBy(request, config.application.file, updates)
          : undefined;
      if (config.application !== undefined && brought === undefined)
        throw new ControlError(
          'CONTROL_REFUSED',
          'the archive that goes with this group did not come with it',
        );
      const { id } = await deployments.deploy(groupLists(config), {
        ...by(request),
        ...(brought && { application: brought }),
      });
      return { id };
    },
    'POST /deployments/application/:id': async ({ parameters, body }) => {
      const bytes = Buffer.from(String(body.data ?? ''), 'base64');
      await updates.piece(parameters.id!, { offset: Number(body.offset), bytes });
    },
    'POST /deployments/reset': async (request) => {
      const { id } = await deployments.reset({ ...by(request), force: request.body.force === true });
      return { id };
    },
    'POST /deployments/:id/again': async (request) => {
      const { id } = await deployments.redeploy(request.parameters.id!, by(request));
      return { id };
    },
    'GET /deployments/:id/watch': ({ parameters, signal }) =>
      watchDeployment(deployments, parameters.id!, signal),
  };
}

/** The archive that came in pieces before, as the deployment brings it. */
function broughtBy(
  { body }: ControlRequest,
  file: string,
  updates: InstanceUpdates,
): Promise<BroughtApplication> {
  const { id, signature } = body.application as JsonObject;
  const request = { id: String(id), by: String(body.by ?? 'control socket'), file: basename(file) };
  return updates.brought(request, String(signature));
}

/** The deployment's record now and at each change, until it has ended. */
async function* watchDeployment(
  deployments: Deployments,
  id: string,
  gone: AbortSignal,
): AsyncIterable<DeploymentRecord> {
  const changes = on(deployments.events, 'changed', { signal: gone });
  let record = deployments.get(id);
  yield record;
  try {
    while (record.status !== 'Success' && record.status !== 'Failure') {
      const { value } = (await changes.next()) as { value: [DeploymentRecord] };
      if (value[0].id !== id) continue;
      record = value[0];
      yield record;
    }
  } catch (error) {
    if (!gone.aborted) throw error;
  } finally {
    await changes.return?.();
  }
}

async function allNames(core: Core, thing: string): Promise<{ results: string[] }> {
  const results: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await core.shadows.list(thing, {
      pageSize: 100,
      ...(nextToken !== undefined && { nextToken }),
    });
    results.push(...page.results);
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return { results };
}

/** Waits until `reported` agrees with `desired`, or the time is over: the document then tells which. */
async function settled(
  core: Core,
  thing: string,
  shadow: string | undefined,
  ms: number,
  gone: AbortSignal,
): Promise<void> {
  const limit = AbortSignal.any([gone, AbortSignal.timeout(ms)]);
  try {
    await untilReported(core.shadows, thing, shadow, limit);
  } catch (error) {
    if (!limit.aborted) throw error;
  }
}

async function* watch(
  core: Core,
  thing: string,
  shadow: string | undefined,
  gone: AbortSignal,
): AsyncIterable<JsonObject> {
  const changes = on(core.shadows.events, 'changed', { signal: gone });
  const now = await core.shadows.read(thing, shadow);
  if (now !== undefined) yield { current: bodyOf(now) };
  try {
    for await (const [change] of changes as AsyncIterable<[ShadowChange]>) {
      if (change.thing !== thing || change.shadow !== shadow) continue;
      yield {
        by: change.by,
        version: change.version,
        ...(change.current && { current: bodyOf(change.current) }),
      };
    }
  } catch (error) {
    if (!gone.aborted) throw error;
  }
}

function bodyOf(document: ShadowDocument): JsonObject {
  return { state: document.state as unknown as JsonObject, version: document.version };
}
