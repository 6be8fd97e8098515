/** What a person sees and does on the page. Each check gets a page of its own. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { ControlClient } from '../../src/control/client.js';
import { type Shown, showApp } from './app.js';
import type { Page } from './chromium.js';

export type Check = (page: Page, shown: Shown) => Promise<string | undefined>;

const lamp = (line: string, value: string): string => `[data-line="${line}"][data-value="${value}"]`;

async function opened(page: Page, { url }: Shown): Promise<void> {
  await page.goto(url);
  await page.waitForSelector('html[data-ready="yes"]');
}

/** For the page: resolves with the time at which it has such an element. */
const whenThere = (selector: string): string => `new Promise((resolve) => {
  const look = () => (document.querySelector(${JSON.stringify(selector)}) ? resolve(Date.now()) : requestAnimationFrame(look));
  look();
})`;

/** For the page, after axe came: one text per violation. */
const VIOLATIONS = `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
  violations.map(({ id, nodes }) => id + ': ' + nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(' | ')))`;

export const CHECKS: Readonly<Record<string, Check>> = {
  'the first view is small and soon there': async (page, { url }) => {
    const session = await page.context().newCDPSession(page);
    await session.send('Network.enable');
    let bytes = 0;
    session.on('Network.loadingFinished', ({ encodedDataLength }) => {
      bytes += encodedDataLength;
    });
    session.on('Network.dataReceived', ({ encodedDataLength }) => {
      bytes += encodedDataLength;
    });
    const began = performance.now();
    await page.goto(url);
    await page.waitForSelector('html[data-ready="yes"]');
    const ms = performance.now() - began;
    await page.waitForTimeout(300);
    assert.ok(bytes > 5_000 && bytes < 150 * 1024, `${bytes} bytes`);
    assert.ok(ms < 1_000, `${Math.round(ms)} ms`);
    return `${(bytes / 1024).toFixed(1)} KB, interactive after ${Math.round(ms)} ms`;
  },

  'the lamp follows the shadow within 200 ms': async (page, shown) => {
    await opened(page, shown);
    await page.waitForSelector(lamp('GPIO17', 'active'));
    let worst = 0;
    for (const [property, line] of [
      ['G', 'GPIO22'],
      ['Y', 'GPIO27'],
      ['R', 'GPIO17'],
    ] as const) {
      // a frame more or less must not decide: the page notes when the lamp changes
      const seen = page.evaluate(whenThere(lamp(line, 'active'))) as Promise<number>;
      const asked = Date.now();
      await shown.app.core!.shadows.update(
        'GG_TrafficLight',
        undefined,
        { state: { desired: { property } } },
        'test',
      );
      worst = Math.max(worst, (await seen) - asked);
    }
    assert.ok(worst < 200, `${worst} ms`);
    return `at most ${worst} ms`;
  },

  'the drawn button, pressed, steps the light': async (page, shown) => {
    await opened(page, shown);
    await page.waitForSelector(lamp('GPIO17', 'active'));
    const button = page.getByRole('button', { name: 'GG_Switch: press' });
    await button.click();
    await page.waitForSelector(lamp('GPIO22', 'active'));
    // and by keyboard
    await button.focus();
    await page.keyboard.press('Enter');
    await page.waitForSelector(lamp('GPIO27', 'active'));
    await page.keyboard.press('Space');
    await page.waitForSelector(lamp('GPIO17', 'active'));
    return undefined;
  },

  'a hand before the motion sensor is reported': async (page, shown) => {
    await opened(page, shown);
    const sensor = page.getByRole('button', { name: 'GG_Motion: wave a hand' });
    await sensor.click({ delay: 150 });
    await page.locator('[data-thing="GG_Motion"] td', { hasText: 'true' }).first().waitFor();
    return undefined;
  },

  'desired is set from the page, for a relay after a question': async (page, shown) => {
    await opened(page, shown);
    const on = page.locator('article[data-thing="GG_Relay"] [data-set="on=true"]');
    await on.click();
    await page.locator('#ask button[value="no"]').click();
    assert.equal(shown.board.line('GPIO5').value, 'inactive');
    await on.click();
    await page.locator('#ask button[value="yes"]').click();
    await page.waitForSelector('article[data-thing="GG_Relay"] [data-set="on=true"][aria-pressed="true"]');
    assert.equal(shown.board.line('GPIO5').value, 'active');
    await page.locator('article[data-thing="GG_TrafficLight"] [data-set="property=G"]').click();
    await page.waitForSelector(lamp('GPIO22', 'active'));
    await page.locator('article[data-thing="GG_TrafficLight"] [data-set="property=R"]').click();
    await page.waitForSelector(lamp('GPIO17', 'active'));
    return undefined;
  },

  'a thing that was cut off shows as offline, with the cause': async (page) => {
    const own = await showApp();
    try {
      await opened(page, own);
      const card = page.locator('article[data-thing="GG_Led"]');
      await card.locator('.pill.ok').waitFor();
      await new ControlClient(own.stateDir).call('POST', '/things/GG_Led/revoke');
      await card.locator('.pill', { hasText: 'offline' }).waitFor();
      await card.locator('.cause:not(:empty)').waitFor();
      return (await card.locator('.cause').textContent()) ?? undefined;
    } finally {
      // its connection is ended by the page, not by the stop
      await page.goto('about:blank');
      await own.stop();
    }
  },

  'a refused message shows in red, with the reason': async (page, shown) => {
    await opened(page, shown);
    const port = shown.app.core!.broker.port('HelloWorld_Subscriber');
    await port.publish({ topic: 'secret/<img src=x onerror=alert(1)>', payload: '1' });
    port.close();
    const refusal = page.locator('#flow .refusal');
    await refusal.getByText('No row lets').waitFor();
    assert.equal(await page.locator('#flow img').count(), 0);
    return (await refusal.locator('p').textContent()) ?? undefined;
  },

  'it speaks Chinese': async (page, shown) => {
    await opened(page, shown);
    await page.click('#language');
    assert.equal(await page.locator('#board-title').textContent(), '电路板');
    assert.equal(await page.evaluate('document.documentElement.lang'), 'zh-Hans');
    return undefined;
  },

  'assistive technology can use it (axe), light and dark': async (page, shown) => {
    const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await opened(page, shown);
      // by the debugger, not as a script of the page: its policy allows none
      await page.evaluate(axe);
      const violations = (await page.evaluate(VIOLATIONS)) as string[];
      assert.deepEqual(violations, [], colorScheme);
    }
    return undefined;
  },
};
