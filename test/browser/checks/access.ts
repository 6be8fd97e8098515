import assert from 'node:assert/strict';
import { ControlClient } from '../../../src/control/client.js';
import { SHOWN, showApp } from '../app.js';
import { type Checks, opened } from '../check.js';

const TOKEN = 'a-token-of-many-letters';

export const ACCESS: Checks = {
  'a page without the token asks for it': async (page, _shown, { expect }) => {
    expect(/status of 401/);
    const own = await showApp(
      SHOWN.replace('dashboard: { port: 0 }', `dashboard: { port: 0, token: ${TOKEN} }`),
    );
    try {
      await page.goto(own.url);
      const dialog = page.getByRole('dialog', { name: 'The token of this page' });
      await dialog.waitFor();
      assert.equal(await page.locator('#things article').count(), 0);
      await dialog.getByLabel('The token of this page').fill('not it');
      await dialog.getByRole('button', { name: 'Open' }).click();
      await dialog.getByText('this is not the token').waitFor();
      await dialog.getByLabel('The token of this page').fill(TOKEN);
      await page.keyboard.press('Enter');
      await page.waitForSelector('html[data-ready="yes"]');
      await page.locator('#things article').first().waitFor();
      return undefined;
    } finally {
      await page.goto('about:blank');
      await own.stop();
    }
  },

  'a client certificate opens the page over TLS; without one it says what is missing': async (page) => {
    const own = await showApp(
      SHOWN.replace('dashboard: { port: 0 }', 'dashboard: { port: 0, clients: [Ada] }'),
    );
    const browser = page.context().browser()!;
    try {
      const { certificate, privateKey } = (await new ControlClient(own.stateDir).call(
        'POST',
        '/things/Ada/add',
      )) as { certificate: string; privateKey: string };
      const cert = { origin: own.url, cert: Buffer.from(certificate), key: Buffer.from(privateKey) };
      for (const clientCertificates of [[cert], []]) {
        const context = await browser.newContext({ ignoreHTTPSErrors: true, clientCertificates });
        const opened = await context.newPage();
        await opened.goto(own.url);
        if (clientCertificates.length > 0) await opened.locator('#things article').first().waitFor();
        else await opened.locator('#link', { hasText: 'no client certificate was presented' }).waitFor();
        await context.close();
      }
      return undefined;
    } finally {
      await own.stop();
    }
  },

  'a page whose core went away says so': async (page, _shown, { expect }) => {
    expect(/ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET/);
    const own = await showApp();
    await opened(page, own);
    await page.locator('#link', { hasText: 'live' }).waitFor();
    await own.stop();
    await page.locator('#link', { hasText: 'connection lost' }).waitFor();
    return undefined;
  },
};
