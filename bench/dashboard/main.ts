/**
 * What the live page costs the process that runs the core: its CPU time with 100 messages a second, without a page and
 * with twenty that read. `npx tsx bench/dashboard/main.ts`; exits non-zero when twenty pages cost more than a tenth of
 * a core.
 */
import { request } from 'node:http';
import { showApp } from '../../test/browser/app.js';

const PAGES = 20;
const PER_SECOND = 100;
const SECONDS = 6;
const LIMIT = 0.1;

async function main(): Promise<number> {
  const { app, url, stop } = await showApp();
  const port = app.core!.broker.port('HelloWorld_Publisher');
  const timer = setInterval(() => {
    for (let i = 0; i < PER_SECOND / 20; i++) {
      void port.publish({
        topic: 'hello/world/pubsub',
        payload: JSON.stringify({ n: i, text: 'x'.repeat(100) }),
      });
    }
  }, 50);
  try {
    await spent(2);
    const alone = await spent(SECONDS);
    const pages = await Promise.all(Array.from({ length: PAGES }, () => read(url)));
    await spent(1);
    const before = pages.reduce((sum, page) => sum + page.bytes(), 0);
    const looked = await spent(SECONDS);
    const bytes = pages.reduce((sum, page) => sum + page.bytes(), 0) - before;
    for (const page of pages) page.close();
    const cost = looked - alone;
    console.log(
      `no page: ${percent(alone)} of a core; ${PAGES} pages: ${percent(looked)}; cost ${percent(cost)}`,
    );
    console.log(`each page: ${(bytes / PAGES / SECONDS / 1024).toFixed(1)} KB/s`);
    console.log('the readers are in the same process: part of the cost is theirs');
    return cost > LIMIT ? 1 : 0;
  } finally {
    clearInterval(timer);
    port.close();
    await stop();
  }
}

/** Share of one core that this process used in the next seconds. */
async function spent(seconds: number): Promise<number> {
  const before = process.cpuUsage();
  const began = performance.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / (performance.now() - began);
}

function read(url: string): Promise<{ bytes(): number; close(): void }> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    const sent = request(`${url}/api/events`, { agent: false }, (response) => {
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      // closed by us
      response.on('error', () => {});
      resolve({ bytes: () => bytes, close: () => sent.destroy() });
    });
    sent.on('error', reject);
    sent.end();
  });
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

process.exitCode = await main();
