/** The site: what it is, whether it is well, its things, certificates, cars and lights. */
import { type AppStatus, healthOf } from '../status.js';
import type { MetricsDeps } from './contract.js';
import type { Metric, Sample } from './exposition.js';

export async function siteMetrics(
  deps: MetricsDeps,
  status: AppStatus,
  now: number,
): Promise<readonly Metric[]> {
  const { version, group, uptimeSeconds } = status;
  const [cars, certificates] = await Promise.all([deps.cars(), deps.certificates()]);
  return [
    gauge('greenlight_build_info', 'Version and group of the instance.', [
      { labels: { version, group }, value: 1 },
    ]),
    gauge('greenlight_healthy', 'Whether /healthz answers 200: 1 or 0.', [
      { value: Number(healthOf(status).healthy) },
    ]),
    gauge('greenlight_uptime_seconds', 'Time since the start.', [{ value: uptimeSeconds }]),
    gauge(
      'greenlight_thing_connected',
      'Whether a thing is connected to its core: 1 or 0.',
      deps.things().map(({ name, connected }) => ({ labels: { thing: name }, value: Number(connected) })),
    ),
    gauge(
      'greenlight_certificate_expires_in_seconds',
      'Time until a certificate expires; negative when it has.',
      certificates.map(({ name, kind, expiresAt }) => ({
        labels: { kind, name },
        value: Math.round((expiresAt - now) / 1_000),
      })),
    ),
    counter(
      'greenlight_aggregator_cars_total',
      'Cars that passed, over all time.',
      cars.map(({ thing, cars: value }) => ({ labels: { thing }, value })),
    ),
    counter(
      'greenlight_aggregator_greens_total',
      'Greens that were counted, over all time.',
      cars.map(({ thing, greens: value }) => ({ labels: { thing }, value })),
    ),
    counter(
      'greenlight_light_changes_total',
      'Changes of a traffic light of this machine, by its new colour.',
      deps.lights().map(({ thing, colour, changes }) => ({ labels: { thing, colour }, value: changes })),
    ),
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, type: 'gauge', help, samples };
}

function counter(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, type: 'counter', help, samples };
}
