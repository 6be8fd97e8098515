import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ControlClient } from '../../../src/control/client.js';
import { SHOWN, showApp } from '../app.js';
import { type Checks, lamp, opened } from '../check.js';

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

  'a page whose core went away says so, and comes back by itself with it': async (
    page,
    _shown,
    { expect },
  ) => {
    expect(/ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET/);
    const folder = await mkdtemp(join(tmpdir(), 'greenlight-browser-again-'));
    try {
      const first = await showApp(SHOWN, folder);
      const { port } = new URL(first.url);
      try {
        await opened(page, first);
        await page.locator('#link', { hasText: 'live' }).waitFor();
      } finally {
        await first.stop();
      }
      await page.locator('#link', { hasText: 'connection lost' }).waitFor();
      const again = await showApp(
        SHOWN.replace('dashboard: { port: 0 }', `dashboard: { port: ${port} }`),
        folder,
      );
      try {
        await page.locator('#link', { hasText: 'live' }).waitFor({ timeout: 20_000 });
        await page.waitForSelector(lamp('GPIO17', 'active'));
      } finally {
        await page.goto('about:blank');
        await again.stop();
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    return undefined;
  },

  'a deployment is drawn without loading anew': async (page) => {
    const own = await showApp();
    try {
      await opened(page, own);
      const text = SHOWN.replace(
        'functions:',
        '  - { name: GG_Cellar, role: climate, line: GPIO6, method: edges, sample: 2s }\nfunctions:',
      );
      const control = new ControlClient(own.stateDir);
      await control.call('POST', '/deployments', { file: join(own.stateDir, 'next.yaml'), text });
      await page
        .locator('article[data-thing="GG_Cellar"] td', { hasText: '21' })
        .first()
        .waitFor({ timeout: 20_000 });
      await page.locator('.boardsvg [data-thing="GG_Cellar"]').waitFor();
      await page.locator('[data-sensor="GG_Cellar"]').waitFor();
      await page.locator('#flow .node', { hasText: 'GG_Cellar' }).waitFor();
      return undefined;
    } finally {
      await page.goto('about:blank');
      await own.stop();
    }
  },
};
