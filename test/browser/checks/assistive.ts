import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type Checks, desire, opened } from '../check.js';
import type { Page } from '../chromium.js';

/** For the page, after axe came: one text per violation. */
const VIOLATIONS = `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
  violations.map(({ id, nodes }) => id + ': ' + nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(' | ')))`;

async function violations(page: Page): Promise<string[]> {
  const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  // by the debugger, not as a script of the page: its policy allows none
  await page.evaluate(axe);
  return (await page.evaluate(VIOLATIONS)) as string[];
}

export const ASSISTIVE: Checks = {
  'axe finds nothing, at three widths, light and dark, in English and Chinese': async (page, shown) => {
    let runs = 0;
    for (const language of ['en', 'zh']) {
      await opened(page, shown);
      await page.evaluate(`localStorage.setItem('greenlight.language', '${language}')`);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        for (const width of [390, 768, 1440]) {
          await page.setViewportSize({ width, height: 900 });
          await opened(page, shown);
          // folded parts and curves too
          await page.evaluate(
            "document.querySelectorAll('details').forEach((each) => { each.open = true; })",
          );
          await page.locator('#curves').scrollIntoViewIfNeeded();
          await page.locator('#curves .chart canvas').first().waitFor();
          assert.deepEqual(await violations(page), [], `${language}, ${colorScheme}, ${width} px`);
          runs += 1;
        }
      }
    }
    return `${runs} times`;
  },

  'axe finds nothing in the question either': async (page, shown) => {
    await opened(page, shown);
    await page.locator('article[data-thing="GG_Relay"] [data-set="on=true"]').click();
    await page.getByRole('dialog').waitFor();
    assert.deepEqual(await violations(page), []);
    return undefined;
  },

  'a screen reader hears what is drawn': async (page, shown) => {
    await opened(page, shown);
    await desire(shown, 'GG_TrafficLight', { property: 'R' });
    for (const [role, name] of [
      ['img', 'GG_TrafficLight red on'],
      ['img', 'GG_TrafficLight green off'],
      ['button', 'GG_Switch: press'],
      ['slider', 'Temperature'],
      ['group', 'GG_Weather'],
      ['article', 'GG_TrafficLight'],
      ['button', 'GG_TrafficLight property G'],
      ['button', 'GG_Car_Aggregator car-aggregator'],
      ['region', 'Parts'],
      ['navigation', 'Sections'],
    ] as const) {
      await page.getByRole(role, { name, exact: true }).first().waitFor();
    }
    // the connection and what is refused are announced
    assert.equal(await page.locator('[role="status"]#link').count(), 1);
    return undefined;
  },
};
