/** The process, by the names that Prometheus' own clients use. */
import { readdir } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import type { Metric } from './exposition.js';

export async function processMetrics(): Promise<readonly Metric[]> {
  const [lag, openFds] = await Promise.all([eventLoopLagSeconds(), fdCount()]);
  const { user, system } = process.cpuUsage();
  const { rss, heapTotal, heapUsed, external, arrayBuffers } = process.memoryUsage();
  const { active, idle } = performance.eventLoopUtilization();
  return [
    counter('process_cpu_user_seconds_total', 'User CPU time spent.', user / 1e6),
    counter('process_cpu_system_seconds_total', 'System CPU time spent.', system / 1e6),
    counter('process_cpu_seconds_total', 'User and system CPU time spent.', (user + system) / 1e6),
    gauge(
      'process_start_time_seconds',
      'Start of the process, seconds since the Unix epoch.',
      performance.timeOrigin / 1e3,
    ),
    gauge('process_resident_memory_bytes', 'Resident memory.', rss),
    ...(openFds === undefined ? [] : [gauge('process_open_fds', 'Open file descriptors.', openFds)]),
    gauge('nodejs_heap_size_total_bytes', 'Heap that V8 has.', heapTotal),
    gauge('nodejs_heap_size_used_bytes', 'Heap that is in use.', heapUsed),
    gauge('nodejs_external_memory_bytes', 'Memory outside the heap that its objects hold.', external),
    gauge('nodejs_array_buffers_bytes', 'Memory of buffers, part of the external.', arrayBuffers),
    gauge('nodejs_eventloop_lag_seconds', 'Time that a turn of the event loop took just now.', lag),
    counter('nodejs_eventloop_active_seconds_total', 'Time that the event loop was at work.', active / 1e3),
    counter('nodejs_eventloop_idle_seconds_total', 'Time that the event loop waited.', idle / 1e3),
    {
      name: 'nodejs_version_info',
      type: 'gauge',
      help: 'Version of Node.',
      samples: [{ labels: { version: process.version }, value: 1 }],
    },
  ];
}

function eventLoopLagSeconds(): Promise<number> {
  const begin = performance.now();
  return new Promise((resolve) => setImmediate(() => resolve((performance.now() - begin) / 1e3)));
}

async function fdCount(): Promise<number | undefined> {
  try {
    return (await readdir('/proc/self/fd')).length;
  } catch {
    // only Linux has it, and not in every sandbox
    return undefined;
  }
}

function gauge(name: string, help: string, value: number): Metric {
  return { name, type: 'gauge', help, samples: [{ value }] };
}

function counter(name: string, help: string, value: number): Metric {
  return { name, type: 'counter', help, samples: [{ value }] };
}
