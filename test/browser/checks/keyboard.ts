import assert from 'node:assert/strict';
import { type Checks, opened } from '../check.js';

/** More than the page has stops. */
const MOST = 250;

/** For the page: what has the focus, and whether one can see that. */
const FOCUSED = `(() => {
  const element = document.activeElement;
  if (element === null || element === document.body) return null;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const drawn = element.querySelector(':scope > rect');
  const { accent } = { accent: getComputedStyle(document.querySelector('a')).color };
  const ring = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
  const frame = drawn !== null && getComputedStyle(drawn).stroke === accent && parseFloat(getComputedStyle(drawn).strokeWidth) >= 3;
  const label = element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent ?? element.textContent.replace(/\\s+/g, ' ');
  const box = element.getBoundingClientRect();
  const header = document.querySelector('header').getBoundingClientRect();
  return {
    name: label.trim().slice(0, 60),
    section: element.closest('section')?.id ?? 'header',
    visible: ring || frame,
    html: element.outerHTML.slice(0, 120),
    covered: element.closest('section') !== null && box.bottom <= header.bottom,
  };
})()`;

interface Stop {
  readonly name: string;
  readonly section: string;
  readonly visible: boolean;
  readonly covered: boolean;
  readonly html: string;
}

export const KEYBOARD: Checks = {
  'every control is reached by Tab, in the order of the page, with a name and a visible focus': async (
    page,
    shown,
  ) => {
    await opened(page, shown);
    const stops: Stop[] = [];
    for (let i = 0; i < MOST; i += 1) {
      await page.keyboard.press('Tab');
      const stop = (await page.evaluate(FOCUSED)) as Stop | null;
      if (stop === null) break;
      stops.push(stop);
    }
    assert.ok(stops.length < MOST, 'the focus does not leave the page');
    const list = stops.map(({ section, name }) => `${section}: ${name}`);
    assert.equal(stops[0]?.name, 'Skip to the board');
    for (const stop of stops) {
      assert.notEqual(stop.name, '', `no name: ${JSON.stringify(stop)}`);
      assert.ok(stop.visible, `the focus cannot be seen: ${JSON.stringify(stop)}`);
      assert.ok(!stop.covered, `it is behind the head of the page: ${JSON.stringify(stop)}`);
    }
    const sections = stops.map(({ section }) => section).filter((each, i, all) => each !== all[i - 1]);
    assert.deepEqual(sections, ['header', 'board', 'things', 'flow', 'curves', 'health'], list.join('\n'));
    for (const wanted of [
      'board: GG_Switch: press',
      'board: GG_Motion: wave a hand',
      'things: GG_TrafficLight property G',
      'things: GG_Relay on on',
      'flow: GGShadowService shadow service',
      'health: warnings',
    ]) {
      assert.ok(list.includes(wanted), `${wanted} is not among\n${list.join('\n')}`);
    }
    // the way there is short enough to be walked
    return `${stops.length} stops`;
  },

  'the question is answered by keyboard, and the focus returns': async (page, shown) => {
    await opened(page, shown);
    const name = 'GG_Relay on off';
    await page.getByRole('button', { name }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    const inside = () => page.evaluate("document.activeElement.closest('dialog') !== null");
    assert.equal(await inside(), true);
    await page.keyboard.press('Tab');
    assert.equal(await inside(), true);
    await page.keyboard.press('Escape');
    const back = await page.evaluate("document.activeElement.getAttribute('aria-label')");
    assert.equal(back, name);
    return undefined;
  },
};
