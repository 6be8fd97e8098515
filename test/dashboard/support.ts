import { request } from 'node:http';
import type { DashboardDeps } from '../../src/dashboard/index.js';
import { type RunningApp, runApp } from '../support/app.js';

export const CROSSING = `
version: 1
group: { name: crossing }
hal: { driver: mock }
core:
  mqtt: { host: 127.0.0.1, port: 0 }
  discovery: { host: 127.0.0.1, port: 0 }
things:
  - { name: GG_TrafficLight, role: traffic-light, lines: { red: GPIO17, yellow: GPIO27, green: GPIO22 } }
  - { name: GG_Switch, role: light-controller, controls: GG_TrafficLight, sequence: [G, Y, R], line: GPIO23 }
  - { name: GG_Relay, role: relay, line: GPIO5 }
  - { name: Elsewhere }
functions:
  - { name: GG_Car_Aggregator, builtin: car-aggregator, watch: GG_TrafficLight, batchEvery: 3 }
dashboard: { port: 0 }
`;

export async function runPage(text = CROSSING): Promise<RunningApp & { url: string }> {
  const running = await runApp(text);
  return { ...running, url: running.app.dashboard! };
}

/** Of an application without anything. */
export function emptyDeps(given: Pick<DashboardDeps, 'clock' | 'log' | 'tail'>): DashboardDeps {
  return {
    ...given,
    settings: { host: '127.0.0.1', port: 0, unlock: false },
    group: 'crossing',
    names: [],
    tls: undefined,
    telemetry: { things: async () => [], read: async () => ({ records: [] }) },
    status: () => ({ group: 'crossing', version: '0', pid: 1, uptimeSeconds: 0, state: 'ok', parts: [] }),
    board: () => undefined,
    things: () => [],
    functions: () => [],
    cars: async () => ({ totals: [], rows: [] }),
    onGreen: () => () => {},
    core: undefined,
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** A request with exactly these headers, also those that fetch would not let one set. */
export function ask(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { method = 'GET', headers = {}, body } = options;
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

export function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  return ask(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

/** Events of the stream as they come, until the signal ends it. */
export async function* events(
  url: string,
  signal: AbortSignal,
): AsyncGenerator<{ event: string; data: string }> {
  const response = await fetch(`${url}/api/events`, { signal });
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const frames = text.split('\n\n');
    text = frames.pop()!;
    for (const frame of frames) {
      const [event = '', data = ''] = frame.split('\n');
      yield { event: event.slice('event: '.length), data: data.slice('data: '.length) };
    }
  }
}
