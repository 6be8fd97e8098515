import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { App } from '../../src/app.js';
import { CROSSING, runPage } from './support.js';

/** Of a document. A frame has it twice, as desired and as delta: one frame is less than half of what may wait. */
const LONG = 'x'.repeat(28_000);
const THINGS = Array.from({ length: 4 }, (_, i) => `Far_${i}`);
/** Far more than two sockets can hold. */
const ROUNDS = 5_000;
const FRAME = 2 * THINGS.length * LONG.length;
const WAITING_LIMIT = 512 * 1024;

function figures(app: App): { pages: number; dropped: number; waitingBytes: number } {
  const part = app.status().parts.find(({ name }) => name === 'dashboard');
  return part!.figures as { pages: number; dropped: number; waitingBytes: number };
}

describe('a page that stops reading', () => {
  it('is dropped, and nothing is kept for it; a page that reads goes on', async () => {
    const text = CROSSING.replace('core:', 'core:\n  shadow: { sizeLimit: 30720 }').replace(
      '  - { name: Elsewhere }',
      THINGS.map((n) => `  - { name: ${n} }`).join('\n'),
    );
    const { app, url } = await runPage(text);
    const { port } = new URL(url);
    const open = async (reads: boolean) => {
      const socket = connect(Number(port), '127.0.0.1');
      onTestFinished(() => void socket.destroy());
      // dropped: the connection is reset
      socket.on('error', () => {});
      socket.write(`GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
      let bytes = 0;
      socket.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (!reads) socket.pause();
      });
      await once(socket, 'data');
      return { socket, bytes: () => bytes };
    };
    const quick = await open(true);
    const slow = await open(false);
    expect(figures(app)).toMatchObject({ pages: 2, dropped: 0 });

    let most = 0;
    for (let round = 0; round < ROUNDS && figures(app).dropped === 0; round += 1) {
      await Promise.all(
        THINGS.map((thing) =>
          app.core!.shadows.update(thing, undefined, { state: { desired: { round, LONG } } }, 'test'),
        ),
      );
      most = Math.max(most, figures(app).waitingBytes);
    }
    expect(figures(app)).toMatchObject({ pages: 1, dropped: 1 });
    // of each of the two pages: what may wait, and the frame that was too much
    expect(most).toBeLessThan(2 * (WAITING_LIMIT + 2 * FRAME));
    expect(slow.bytes()).toBeLessThan(quick.bytes());

    const before = quick.bytes();
    await app.core!.shadows.update('GG_Relay', undefined, { state: { desired: { on: true } } }, 'test');
    await expect.poll(quick.bytes, { timeout: 10_000 }).toBeGreaterThan(before);
    await expect.poll(() => figures(app).waitingBytes, { timeout: 10_000 }).toBe(0);
    expect(figures(app).pages).toBe(1);
  }, 60_000);
});
