import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ControlClient } from '../../../src/control/client.js';
import { showApp } from '../app.js';
import { type Checks, lamp, opened } from '../check.js';

/** Its files, in a folder of its own. */
async function issued(stateDir: string, thing: string): Promise<string> {
  const { certificate, privateKey, ca } = (await new ControlClient(stateDir).call(
    'POST',
    `/things/${thing}/add`,
  )) as { certificate: string; privateKey: string; ca: string };
  const folder = await mkdtemp(join(tmpdir(), 'greenlight-browser-thing-'));
  await writeFile(join(folder, `${thing}.cert.pem`), certificate);
  await writeFile(join(folder, `${thing}.private.key`), privateKey, { mode: 0o600 });
  await writeFile(join(folder, 'root.ca.pem'), ca);
  return folder;
}

export const THINGS: Checks = {
  'desired is set from the page, for a relay after a question': async (page, shown) => {
    await opened(page, shown);
    const on = page.locator('article[data-thing="GG_Relay"] [data-set="on=true"]');
    await on.click();
    await page.locator('#ask button[value="no"]').click();
    assert.equal(shown.board.line('GPIO5').value, 'inactive');
    await on.click();
    // what Escape says is no
    await page.keyboard.press('Escape');
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

  'desired, reported and delta stand side by side': async (page, shown) => {
    await opened(page, shown);
    const { shadows } = shown.app.core!;
    await shadows.update(
      'Far_Counter',
      undefined,
      { state: { desired: { rate: 9 }, reported: { rate: 4 } } },
      'test',
    );
    const row = page.locator('article[data-thing="Far_Counter"] tbody tr');
    await row.locator('td.differs', { hasText: '9' }).waitFor();
    assert.deepEqual(
      (await row.locator('th, td.mono').allTextContents()).map((text) => text.trim()),
      ['rate', '9', '4', '9'],
    );
    return undefined;
  },

  'what a thing cannot do is said in words': async (page, shown) => {
    await opened(page, shown);
    const card = page.locator('article[data-thing="GG_Led"]');
    await card.getByRole('spinbutton', { name: /brightness/ }).fill('900');
    await card.getByRole('button', { name: 'Set GG_Led brightness' }).click();
    await card.locator('.cause:not(:empty)').waitFor();
    const cause = (await card.locator('.cause').textContent()) ?? undefined;
    await shown.app.core!.shadows.update(
      'GG_Led',
      undefined,
      { state: { desired: { brightness: null } } },
      'test',
    );
    return cause;
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

  'a thing in another process, killed, shows as offline with the cause': async (page, shown) => {
    const certs = await issued(shown.stateDir, 'Far_Counter');
    const far = ['mqtt', 'sub', 'Far_Counter', '$aws/things/Far_Counter/shadow/#'];
    const place = ['--state', shown.stateDir, '--certs', certs];
    const child = spawn(process.execPath, ['dist/src/main.js', ...far, ...place], { stdio: 'inherit' });
    try {
      await opened(page, shown);
      const card = page.locator('article[data-thing="Far_Counter"]');
      await card.locator('.pill', { hasText: 'online' }).waitFor();
      child.kill('SIGKILL');
      await once(child, 'exit');
      await card.locator('.pill.failed', { hasText: 'offline' }).waitFor();
      await card.locator('.cause', { hasText: 'Gone since' }).waitFor();
      return (await card.locator('.cause').textContent()) ?? undefined;
    } finally {
      child.kill('SIGKILL');
      await rm(certs, { recursive: true });
    }
  },
};
