import assert from 'node:assert/strict';
import { type Checks, opened } from '../check.js';

export const FLOW: Checks = {
  'a refused message shows in red, with the reason': async (page, shown) => {
    await opened(page, shown);
    const port = shown.app.core!.broker.port('HelloWorld_Subscriber');
    await port.publish({ topic: 'secret/<img src=x onerror=alert(1)>', payload: '1' });
    port.close();
    const refusal = page.locator('#flow .refusal');
    await refusal.getByText('No row lets').waitFor();
    assert.equal(await page.locator('#flow img').count(), 0);
    await page.locator('#flow .node.refused', { hasText: 'HelloWorld_Subscriber' }).waitFor();
    return (await refusal.locator('p').textContent()) ?? undefined;
  },

  'a message lights up the row that lets it pass': async (page, shown) => {
    await opened(page, shown);
    await page.waitForSelector('#flow .way.pulse');
    return undefined;
  },

  'a chosen member shows its last messages, by pointer and by keyboard, of long ones the beginning': async (
    page,
    shown,
  ) => {
    await opened(page, shown);
    const port = shown.app.core!.broker.port('HelloWorld_Publisher');
    const node = page.getByRole('button', { name: 'HelloWorld_Publisher publisher' });
    await node.focus();
    await page.keyboard.press('Enter');
    assert.equal(await node.getAttribute('aria-pressed'), 'true');
    await port.publish({ topic: 'hello/world/pubsub', payload: `long ${'x'.repeat(5_000)}` });
    port.close();
    const list = page.getByRole('list', { name: 'Messages of HelloWorld_Publisher' });
    const long = list.locator('li', { hasText: '5005 B' });
    await long.locator('summary').click();
    const payload = (await long.locator('pre').textContent()) ?? '';
    assert.ok(payload.startsWith('long xxx') && payload.length <= 400, `${payload.length} characters`);
    const texts = await list.locator('li summary').allTextContents();
    assert.ok(
      texts.every((text) => text.includes('HelloWorld_Publisher')),
      texts.join('\n'),
    );
    // once more: those of all
    await node.press('Enter');
    await page.getByRole('list', { name: 'Messages of all members' }).waitFor();
    return undefined;
  },

  'a row shows what went along it': async (page, shown) => {
    await opened(page, shown);
    await page.evaluate(`(() => {
      const way = [...document.querySelectorAll('#flow .reach')].find((each) => each.textContent === 'HelloWorld_Publisher ↔ HelloWorld_Subscriber');
      way.dispatchEvent(new MouseEvent('click', { bubbles: true }));
    })()`);
    const list = page.getByRole('list', { name: 'HelloWorld_Publisher ↔ HelloWorld_Subscriber' });
    await list.locator('li', { hasText: 'hello/world/pubsub' }).first().waitFor();
    return undefined;
  },
};
