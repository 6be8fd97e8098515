import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Streams } from '../../src/dashboard/streams.js';

interface Bench {
  readonly streams: Streams;
  readonly watched: boolean[];
  /** Opens a page; its response is begun only when asked to be. */
  open(): Promise<{ socket: Socket; response: ServerResponse; added: boolean }>;
}

async function bench(limits?: { streams: number; waiting: number }): Promise<Bench> {
  const watched: boolean[] = [];
  const streams = new Streams((on) => watched.push(on), limits);
  const server = createServer();
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    streams,
    watched,
    open: async () => {
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
      onTestFinished(() => void socket.destroy());
      // a page that is dropped sees its connection reset
      socket.on('error', () => {});
      const asked = once(server, 'request');
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
      const response = (await asked)[1] as ServerResponse;
      return { socket, response, added: streams.add(response) };
    },
  };
}

describe('streams of the live page', () => {
  it('drops a page that stops reading, and goes on for the others', async () => {
    const { streams, open } = await bench();
    const slow = await open();
    const quick = await open();
    let read = 0;
    quick.socket.on('data', (chunk: Buffer) => {
      read += chunk.length;
    });
    slow.socket.pause();
    for (const { response } of [slow, quick]) streams.begin(response, 'state', '{}');
    const data = JSON.stringify('x'.repeat(64 * 1024));
    let sent = 0;
    // far more than two sockets can hold
    while (streams.dropped === 0 && sent < 64 * 1024 * 1024) {
      streams.broadcast('change', data);
      sent += data.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(streams.dropped).toBe(1);
    expect(slow.response.destroyed).toBe(true);
    expect(slow.response.writableLength).toBeLessThan(1024 * 1024);
    expect(streams.size).toBe(1);
    await expect.poll(() => read, { timeout: 10_000 }).toBeGreaterThan(sent);
  });

  it('sends what happens while a page begins after its beginning, in order', async () => {
    const { streams, open } = await bench();
    const { socket, response } = await open();
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    streams.broadcast('change', '1');
    streams.broadcast('change', '2');
    streams.begin(response, 'state', '0');
    streams.broadcast('change', '3');
    await expect.poll(() => text, { timeout: 10_000 }).toContain('data: 3');
    expect([...text.matchAll(/data: (\d)/g)].map(([, n]) => n)).toEqual(['0', '1', '2', '3']);
  });

  it('takes no more pages than it can, and tells when the last one left', async () => {
    const { streams, watched, open } = await bench({ streams: 2, waiting: 1024 });
    const pages = [await open(), await open()];
    expect((await open()).added).toBe(false);
    for (const { socket } of pages) socket.destroy();
    await expect.poll(() => streams.size, { timeout: 10_000 }).toBe(0);
    expect(watched).toEqual([true, false]);
  });
});
