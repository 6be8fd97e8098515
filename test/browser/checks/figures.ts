import assert from 'node:assert/strict';
import type { Shown } from '../app.js';
import { type Checks, goRound, opened } from '../check.js';
import type { Page } from '../chromium.js';

/** For the page: how many dots of a chart's canvas have the colour of its curve. */
const INKED = `[...document.querySelectorAll('#curves .chart')].map((chart) => {
  const canvas = chart.querySelector('canvas');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let inked = 0;
  for (let i = 0; i < data.length; i += 4)
    if (data[i + 3] > 200 && data[i + 1] > data[i] + 40 && data[i + 1] > data[i + 2] + 30) inked += 1;
  return { name: chart.getAttribute('aria-label'), inked, points: Number(chart.dataset.points) };
})`;

interface Drawn {
  readonly name: string;
  readonly inked: number;
  readonly points: number;
}

/** Lets the page see the state with something in it that takes long to make. */
async function withState(
  page: Page,
  { url }: Shown,
  change: (state: Record<string, unknown>) => void,
): Promise<void> {
  const state = (await (await fetch(`${url}/api/state`)).json()) as Record<string, unknown>;
  change(state);
  await page.route('**/api/events', (route) =>
    route.fulfill({
      contentType: 'text/event-stream',
      body: `event: state\ndata: ${JSON.stringify(state)}\n\n`,
    }),
  );
}

export const FIGURES: Checks = {
  'greens count, and a batch is made of three': async (page, shown) => {
    await opened(page, shown);
    const greens = page.locator('[data-figure="greens"] b');
    await goRound(page, shown);
    await greens.first().waitFor();
    const before = Number(await greens.textContent());
    for (let i = 0; i < 3; i += 1) await goRound(page, shown);
    await page.locator('[data-figure="greens"] b', { hasText: new RegExp(`^${before + 3}$`) }).waitFor();
    await page.getByRole('region', { name: 'Last batches' }).waitFor();
    return (await page.locator('#cars .next').textContent()) ?? undefined;
  },

  'curves of cars and sensors are drawn, over an hour, a day and a week': async (page, shown) => {
    await opened(page, shown);
    await page.locator('#curves').scrollIntoViewIfNeeded();
    // until there were batches in two spans of time
    const total = page.locator('#curves .chart[aria-label^="GG_TrafficLight: cars in all"]');
    const points = async () =>
      (await total.count()) > 0 ? Number(await total.getAttribute('data-points')) : 0;
    for (let i = 0; i < 40 && (await points()) < 2; i += 1) {
      for (let green = 0; green < 3; green += 1) await goRound(page, shown);
      await page.waitForTimeout(500);
    }
    const wanted = ['GG_TrafficLight: cars in all', 'GG_Weather temperatureC', 'GG_Weather humidityPercent'];
    const seen: string[] = [];
    for (const range of ['1h', '1d', '7d']) {
      await page.click(`[data-range="${range}"]`);
      for (const name of wanted) await page.locator(`#curves .chart[aria-label^="${name}"] canvas`).waitFor();
      const drawn = (await page.evaluate(INKED)) as Drawn[];
      for (const name of wanted) {
        const chart = drawn.find((each) => each.name.startsWith(name))!;
        assert.ok(chart.inked > 10 && chart.points > 0, `${range}: ${JSON.stringify(chart)}`);
        assert.ok(chart.points <= 240, `${range}: ${chart.points} points`);
      }
      seen.push(`${range}: ${drawn.map(({ points }) => points).join(', ')} points`);
    }
    return seen.join('; ');
  },

  'tables can be taken away as CSV': async (page, shown) => {
    await opened(page, shown);
    await page.locator('#curves').scrollIntoViewIfNeeded();
    const sizes: string[] = [];
    for (const [name, column] of [
      ['CarStats.csv', 'TotalTraffic'],
      ['GG_Weather.csv', 'temperatureC'],
    ] as const) {
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('link', { name }).click(),
      ]);
      assert.equal(download.suggestedFilename(), name);
      const chunks: Buffer[] = [];
      for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString();
      assert.ok(text.split('\r\n', 1)[0]!.includes(column), text.slice(0, 100));
      sizes.push(`${name} ${text.length} B`);
    }
    return sizes.join(', ');
  },

  'health tells of functions, certificates, deployments, and the ways to the cloud': async (page, shown) => {
    await withState(page, shown, (state) => {
      const status = state.status as { parts: object[] };
      status.parts.push(
        {
          name: 'GG_Hello',
          kind: 'function',
          state: 'degraded',
          cause: 'ended with code 3',
          figures: { memoryMb: 23.42, memoryLimitMb: 64, restarts: 4, invocations: 17, errors: 2 },
        },
        {
          name: 'dynamodb',
          kind: 'spool',
          state: 'degraded',
          cause: 'no answer from the cloud',
          figures: {
            queued: 3,
            bytes: 2_048,
            delivered: 40,
            lastWrite: new Date(Date.now() - 600_000).toISOString(),
          },
        },
      );
    });
    await opened(page, shown);
    const hello = page.locator('#health tr', { hasText: 'GG_Hello' });
    assert.deepEqual(await hello.locator('td.num').allTextContents(), ['23.4 / 64 MB', '4', '17', '2']);
    await hello.getByText('ended with code 3').waitFor();
    const way = page.locator('#cars tr', { hasText: 'dynamodb' });
    assert.equal(await way.locator('[data-figure="lastwrite"]').textContent(), '10 min ago');
    assert.equal(await way.locator('[data-figure="spool"]').textContent(), '3 · 2.0 KB');
    await way.getByText('no answer from the cloud').waitFor();
    const certificate = page.locator('#health tr', { hasText: 'GG_Relay' });
    assert.ok(Number(await certificate.locator('td.num').textContent()) > 300);
    await page.locator('#health tr', { hasText: 'group CA' }).waitFor();
    await page.getByRole('region', { name: 'Deployments' }).getByText('Success').first().waitFor();
    return undefined;
  },

  'the log is shown by level': async (page, shown) => {
    await withState(page, shown, (state) => {
      const line = (level: string) => ({
        at: Date.now(),
        level,
        part: 'test',
        message: `a line of level ${level}`,
      });
      state.log = [line('info'), line('warn'), line('error')];
    });
    await opened(page, shown);
    const lines = page.locator('#health .log li');
    for (const [level, count] of [
      ['info', 3],
      ['warn', 2],
      ['error', 1],
    ] as const) {
      await page.click(`#health [data-level="${level}"]`);
      assert.equal(await lines.count(), count, level);
    }
    return undefined;
  },
};
