import assert from 'node:assert/strict';
import { type Checks, desire, lamp, median, opened } from '../check.js';

const ROUNDS = 5;
const FOLLOWS_MS = 200;

/** For the page: resolves with the time at which it has such an element. */
const whenThere = (selector: string): string => `new Promise((resolve) => {
  const look = () => (document.querySelector(${JSON.stringify(selector)}) ? resolve(Date.now()) : requestAnimationFrame(look));
  look();
})`;

/** For the page: labels of the header that a wire runs through. */
const CROSSED = `(() => {
  const crossed = [];
  const labels = [...document.querySelectorAll('[data-pin] text')];
  for (const wire of document.querySelectorAll('.wire .core')) {
    const toScreen = wire.getScreenCTM();
    const length = wire.getTotalLength();
    for (let at = 0; at <= length; at += 2) {
      const { x, y } = wire.getPointAtLength(at).matrixTransform(toScreen);
      for (const label of labels) {
        const box = label.getBoundingClientRect();
        // of the box around a text, its middle is ink
        if (x > box.left && x < box.right && Math.abs(y - (box.top + box.height / 2)) < box.height * 0.3) crossed.push(label.textContent);
      }
    }
  }
  return [...new Set(crossed)];
})()`;

export const BOARD: Checks = {
  'the lamp follows the shadow within 200 ms': async (page, shown) => {
    await opened(page, shown);
    await page.waitForSelector(lamp('GPIO17', 'active'));
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [property, line] of [
        ['G', 'GPIO22'],
        ['Y', 'GPIO27'],
        ['R', 'GPIO17'],
      ] as const) {
        // the page notes when the lamp changes: what asking it takes does not count
        const seen = page.evaluate(whenThere(lamp(line, 'active'))) as Promise<number>;
        const asked = Date.now();
        await desire(shown, 'GG_TrafficLight', { property });
        times.push((await seen) - asked);
      }
    }
    const figures = `median ${median(times)} ms, at most ${Math.max(...times)} ms, of ${times.length}`;
    assert.ok(median(times) < FOLLOWS_MS, figures);
    return figures;
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

  'a sensor measures what its slider says': async (page, shown) => {
    await opened(page, shown);
    const slider = page.getByRole('slider', { name: 'Temperature' });
    await slider.focus();
    // from one end: whatever the weather was before
    await page.keyboard.press('End');
    await page.locator('article[data-thing="GG_Weather"] td', { hasText: '50' }).first().waitFor();
    await page.locator('.boardsvg .now', { hasText: /^50 °C/ }).waitFor();
    const { reported } = (await shown.app.core!.shadows.read('GG_Weather'))!;
    assert.equal((reported!.value as { temperatureC: number }).temperatureC, 50);
    return undefined;
  },

  'a distance sensor measures what its slider says': async (page, shown) => {
    await opened(page, shown);
    await page.getByRole('slider', { name: 'Distance' }).focus();
    await page.keyboard.press('Home');
    await page.locator('.boardsvg .now', { hasText: /^2 cm/ }).waitFor();
    return undefined;
  },

  'pin, wire and part tell of their line under the pointer': async (page, shown) => {
    await opened(page, shown);
    const tip = page.locator('.tip');
    for (const target of ['[data-pin="11"] circle', '.boardsvg [data-line="GPIO17"]']) {
      // where it is: a wire that ends there is as good
      const { x, y, width, height } = (await page.locator(target).first().boundingBox())!;
      await page.mouse.move(0, 0);
      await page.mouse.move(x + width / 2, y + height / 2);
      await tip.getByText('GPIO17 · J8:11').waitFor();
      const text = (await tip.textContent()) ?? '';
      for (const told of ['Level: active', 'Consumer: GG_TrafficLight', 'Last edge']) {
        assert.ok(text.includes(told), `${target}: ${text}`);
      }
    }
    return undefined;
  },

  'no wire runs through a label': async (page, shown) => {
    for (const width of [390, 768, 1440]) {
      await page.setViewportSize({ width, height: 900 });
      await opened(page, shown);
      assert.deepEqual(await page.evaluate(CROSSED), [], `at ${width} px`);
    }
    return undefined;
  },
};
