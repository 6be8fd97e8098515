/** Which figure of which part is which metric. */
import type { PartStatus } from '../status.js';
import type { Labels, Metric } from './exposition.js';

interface Figure {
  /** In {@link PartStatus.figures}. */
  readonly figure: string;
  readonly name: string;
  readonly help: string;
  /** Multiplies the figure. */
  readonly unit?: number;
  readonly labels?: Labels;
}

interface Family {
  /** The parts that it is of. */
  readonly of: (part: PartStatus, isThing: boolean) => boolean;
  /** Label that has the part's name; absent: there is one such part. */
  readonly label?: string;
  readonly figures: readonly Figure[];
}

const MEBIBYTE = 1_048_576;

const FAMILIES: readonly Family[] = [
  {
    of: named('broker'),
    figures: [
      figure('clients', 'greenlight_broker_clients', 'Clients that are connected.'),
      figure('sessions', 'greenlight_broker_sessions', 'Sessions, of connected clients or kept.'),
      figure('subscriptions', 'greenlight_broker_subscriptions', 'Subscriptions of all sessions.'),
      figure('retained', 'greenlight_broker_retained_messages', 'Retained messages.'),
      figure('queuedMessages', 'greenlight_broker_queued_messages', 'Messages that wait for their receiver.'),
      figure('queuedBytes', 'greenlight_broker_queued_bytes', 'Bytes of messages that wait.'),
      figure('accepted', 'greenlight_broker_messages_accepted_total', 'Messages taken from publishers.'),
      figure('delivered', 'greenlight_broker_messages_delivered_total', 'Messages handed to receivers.'),
      figure(
        'dropped',
        'greenlight_broker_messages_dropped_total',
        'Messages that were denied, or found a queue full.',
      ),
    ],
  },
  {
    of: named('subscriptions'),
    figures: [
      figure('rows', 'greenlight_subscription_rows', 'Rows of the subscription table.'),
      figure('members', 'greenlight_group_members', 'Members of the group.'),
      figure('refused', 'greenlight_refused_total', 'Publications and subscriptions that no row allows.'),
    ],
  },
  {
    of: named('shadows'),
    figures: [
      figure('accepted', 'greenlight_shadow_requests_total', 'Requests to the shadow service by result.', {
        labels: { result: 'accepted' },
      }),
      figure('rejected', 'greenlight_shadow_requests_total', '', { labels: { result: 'rejected' } }),
      figure('throttled', 'greenlight_shadow_requests_total', '', { labels: { result: 'throttled' } }),
      figure('pendingRequests', 'greenlight_shadow_pending_requests', 'Requests without an answer yet.'),
      figure('pendingBytes', 'greenlight_shadow_pending_bytes', 'Bytes of requests without an answer yet.'),
      figure('cachedDocuments', 'greenlight_shadow_cached_documents', 'Documents held in memory.'),
      figure('cachedBytes', 'greenlight_shadow_cached_bytes', 'Bytes of documents held in memory.'),
      figure(
        'storeFailures',
        'greenlight_shadow_store_failures_total',
        'Reads and writes that the disk refused.',
      ),
      figure('unpublished', 'greenlight_shadow_unpublished_total', 'Answers that the broker did not take.'),
    ],
  },
  {
    of: named('telemetry'),
    figures: [
      figure('kept', 'greenlight_telemetry_kept_total', 'Measurements kept.'),
      figure('lost', 'greenlight_telemetry_lost_total', 'Measurements that could not be kept.'),
    ],
  },
  {
    of: ({ kind }) => kind === 'function',
    label: 'function',
    figures: [
      figure('invocations', 'greenlight_function_invocations_total', 'Times that a function was invoked.'),
      figure('errors', 'greenlight_function_errors_total', 'Invocations that failed.'),
      figure('timeouts', 'greenlight_function_timeouts_total', 'Invocations that took too long.'),
      figure('memoryKills', 'greenlight_function_memory_kills_total', 'Processes ended for their memory.'),
      figure('exits', 'greenlight_function_exits_total', 'Processes that ended by themselves.'),
      figure('restarts', 'greenlight_function_restarts_total', 'Processes started again.'),
      figure('dropped', 'greenlight_function_dropped_total', 'Invocations given up before they began.'),
      figure('running', 'greenlight_function_running', 'Invocations under way.'),
      figure('queued', 'greenlight_function_queued', 'Invocations that wait.'),
      figure('workers', 'greenlight_function_workers', 'Workers.'),
      figure('memoryMb', 'greenlight_function_memory_bytes', 'Memory of its processes.', { unit: MEBIBYTE }),
      figure('memoryLimitMb', 'greenlight_function_memory_limit_bytes', 'Memory that it may have.', {
        unit: MEBIBYTE,
      }),
      figure('batches', 'greenlight_aggregator_batches_total', 'Batches of statistics since the start.'),
      figure('untilNextBatch', 'greenlight_aggregator_until_next_batch', 'Greens until the next batch.'),
    ],
  },
  {
    of: ({ kind }) => kind === 'spool' || kind === 'cloud',
    label: 'destination',
    figures: [
      figure('queued', 'greenlight_spool_entries', 'Entries that wait for their destination.'),
      figure('bytes', 'greenlight_spool_bytes', 'Bytes that wait for their destination.'),
      figure('delivered', 'greenlight_spool_delivered_total', 'Entries that arrived, also before a restart.'),
      ...(['droppedForSize', 'droppedForAge', 'refused', 'notKept'] as const).map((name) =>
        figure(name, 'greenlight_spool_dropped_total', 'Entries given up, by reason.', {
          labels: {
            reason: { droppedForSize: 'size', droppedForAge: 'age', refused: 'refused', notKept: 'disk' }[
              name
            ],
          },
        }),
      ),
      figure('received', 'greenlight_cloud_received_total', 'Messages that came from the cloud.'),
      figure('connected', 'greenlight_cloud_connected', 'Whether the cloud is connected: 1 or 0.'),
      figure('connects', 'greenlight_cloud_connects_total', 'Connections made.'),
      figure(
        'steps',
        'greenlight_cloud_shadow_steps_total',
        'Steps that brought a shadow and the cloud together.',
      ),
    ],
  },
  {
    of: (_, isThing) => isThing,
    label: 'thing',
    figures: [
      figure('connects', 'greenlight_thing_connects_total', 'Connections made to a core.'),
      figure('queued', 'greenlight_thing_queued', 'Messages that wait for the connection.'),
      figure('dropped', 'greenlight_thing_dropped_total', 'Messages dropped while there was no connection.'),
    ],
  },
  {
    of: named('dashboard'),
    figures: [figure('pages', 'greenlight_dashboard_pages', 'Pages that are open.')],
  },
];

const STATES = { ok: 0, degraded: 1, failed: 2 } as const;

/** @param isThing whether a part of this name is a thing of this machine */
export function partMetrics(
  parts: readonly PartStatus[],
  isThing: (name: string) => boolean,
): readonly Metric[] {
  const metrics = new Map<string, Metric & { samples: { labels: Labels; value: number }[] }>();
  for (const part of parts) {
    for (const { of, label, figures } of FAMILIES) {
      if (!of(part, isThing(part.name))) continue;
      for (const { figure: key, name, help, unit = 1, labels = {} } of figures) {
        const value = part.figures?.[key];
        if (typeof value !== 'number' && typeof value !== 'boolean') continue;
        const type = name.endsWith('_total') ? 'counter' : 'gauge';
        if (!metrics.has(name)) metrics.set(name, { name, type, help, samples: [] });
        const own = label === undefined ? {} : { [label]: part.name };
        metrics.get(name)!.samples.push({ labels: { ...own, ...labels }, value: Number(value) * unit });
      }
    }
  }
  const states = parts.map(({ name, kind, state }) => ({
    labels: { part: name, kind },
    value: STATES[state],
  }));
  return [
    {
      name: 'greenlight_part_state',
      type: 'gauge',
      help: 'State of each part: 0 ok, 1 degraded, 2 failed.',
      samples: states,
    },
    ...metrics.values(),
  ];
}

function figure(key: string, name: string, help: string, more: Pick<Figure, 'unit' | 'labels'> = {}): Figure {
  return { figure: key, name, help, ...more };
}

function named(name: string): Family['of'] {
  return (part, isThing) => part.name === name && !isThing;
}
