import assert from 'node:assert/strict';
import { type Checks, median, opened } from '../check.js';
import type { Page } from '../chromium.js';

const LOADS = 5;
const BYTES = 150 * 1024;
const READY_MS = 1_000;

/** Transferred until it was ready, and when that was by the page's own clock, from its navigation on. */
async function load(page: Page, url: string): Promise<{ bytes: number; ms: number }> {
  const context = await page.context().browser()!.newContext();
  try {
    const fresh = await context.newPage();
    const session = await context.newCDPSession(fresh);
    await session.send('Network.enable');
    const bytes = new Map<string, number>();
    session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
      bytes.set(requestId, encodedDataLength);
    });
    // of what does not end: the stream of events
    session.on('Network.dataReceived', ({ requestId, encodedDataLength }) => {
      bytes.set(requestId, (bytes.get(requestId) ?? 0) + encodedDataLength);
    });
    await opened(fresh, { url });
    const ms = (await fresh.evaluate("performance.getEntriesByName('ready')[0].startTime")) as number;
    await fresh.waitForLoadState('load');
    // what follows by itself belongs to it
    await fresh.waitForTimeout(500);
    return { bytes: [...bytes.values()].reduce((sum, each) => sum + each, 0), ms };
  } finally {
    await context.close();
  }
}

export const FIRST_VIEW: Checks = {
  'the first view is small and soon there': async (page, { url }) => {
    const loads: { bytes: number; ms: number }[] = [];
    for (let i = 0; i < LOADS; i += 1) loads.push(await load(page, url));
    const bytes = Math.max(...loads.map((each) => each.bytes));
    const times = loads.map((each) => each.ms);
    assert.ok(bytes > 5_000 && bytes < BYTES, `${bytes} bytes`);
    assert.ok(median(times) < READY_MS, `median of ${times.map(Math.round).join(', ')} ms`);
    return `at most ${(bytes / 1024).toFixed(1)} KB; interactive after ${Math.round(median(times))} ms (median of ${LOADS}: ${times.map(Math.round).join(', ')})`;
  },

  'nothing comes from elsewhere': async (page, shown) => {
    const hosts = new Set<string>();
    page.on('request', (request) => hosts.add(new URL(request.url()).origin));
    await opened(page, shown);
    await page.locator('#curves').scrollIntoViewIfNeeded();
    assert.deepEqual([...hosts], [shown.url]);
    return undefined;
  },

  'it speaks Chinese, in full, and remembers it': async (page, shown) => {
    await opened(page, shown);
    await page.click('#language');
    assert.equal(await page.locator('#board-title').textContent(), '电路板');
    await opened(page, shown);
    assert.equal(await page.evaluate('document.documentElement.lang'), 'zh-Hans');
    // every text has both languages
    const missing = await page.evaluate("import('/text.js').then(({ missing }) => missing())");
    assert.deepEqual(missing, []);
    return undefined;
  },

  'it follows the dark and the light, and lets one choose': async (page, shown) => {
    const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor') as Promise<string>;
    await page.emulateMedia({ colorScheme: 'dark' });
    await opened(page, shown);
    const dark = await ground();
    await page.click('#theme');
    const light = await ground();
    assert.notEqual(dark, light);
    await opened(page, shown);
    assert.equal(await ground(), light);
    return `${dark}, ${light}`;
  },
};
