/** `npm run test:browser`: see README.md here. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../hal/index.js';
import { type Shown, showApp } from './app.js';
import { desire, lamp, opened } from './check.js';
import { CHECKS } from './checks/index.js';
import { type Browser, openChromium, type Page } from './chromium.js';

const WIDTHS = [390, 768, 1440];

async function main(): Promise<number> {
  const browser = await openChromium();
  if (browser === undefined) {
    const message = 'no Chromium here: install it (apt-get install chromium) or name it in CHROMIUM';
    console.log(process.env.CI ? `failed: ${message}` : `skipped: ${message}`);
    return process.env.CI ? 1 : 0;
  }
  const shown = await showApp();
  try {
    const failures = await runChecks(browser, shown);
    await takePictures(browser, shown);
    if (failures > 0) return failures;
  } finally {
    await browser.close();
    await shown.stop();
  }
  return process.env.ONLY === undefined ? costOfPages() : 0;
}

/** What twenty open pages cost the core, in a process without a browser. @returns failures */
async function costOfPages(): Promise<number> {
  const args = [...process.execArgv, 'bench/dashboard/main.ts'];
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code === 0 ? 0 : 1;
}

/** A browser on a busy machine stalls now and then; a fault stays one on every try. */
const TRIES = 3;

async function runChecks(browser: Browser, shown: Shown): Promise<number> {
  let failures = 0;
  const only = process.env.ONLY;
  for (const [name, check] of Object.entries(CHECKS)) {
    if (only !== undefined && !name.includes(only)) continue;
    let done = false;
    for (let attempt = 1; attempt <= TRIES && !done; attempt += 1) {
      done = await runCheck(browser, shown, { name, check, attempt });
    }
    if (!done) failures += 1;
  }
  return failures;
}

async function runCheck(
  browser: Browser,
  shown: Shown,
  { name, check, attempt }: { name: string; check: (typeof CHECKS)[string]; attempt: number },
): Promise<boolean> {
  const { page, complaints } = await newPage(browser, 1440);
  try {
    const expected: RegExp[] = [];
    const figure = await check!(page, shown, { expect: (complaint) => expected.push(complaint) });
    const faults = complaints.filter((complaint) => !expected.some((each) => each.test(complaint)));
    if (faults.length > 0) throw new Error(`on the console: ${faults.join('; ')}`);
    console.log(`ok      ${name}${figure ? `: ${figure}` : ''}`);
    return true;
  } catch (error) {
    console.log(`FAILED  ${name}, try ${attempt} of ${TRIES}: ${messageOf(error)}`);
    return false;
  } finally {
    await page.context().close();
  }
}

/** At each width, light; and the wide one dark. */
async function takePictures(browser: Browser, shown: Shown): Promise<void> {
  const folder =
    process.env.GREENLIGHT_PICTURES ??
    (process.env.CI ? 'out/pictures' : await mkdtemp(join(tmpdir(), 'greenlight-pictures-')));
  await mkdir(folder, { recursive: true });
  for (const width of WIDTHS) {
    const { page } = await newPage(browser, width);
    await opened(page, shown);
    // as a person finds it after a while: lamps lit, curves drawn, messages on their way
    for (const [thing, desired] of [
      ['GG_TrafficLight', { property: 'G' }],
      ['GG_Led', { on: true, brightness: 60 }],
      ['GG_Relay', { on: true }],
    ] as const)
      await desire(shown, thing, desired);
    shown.board.expose('GG_Weather', { temperatureC: 21.5, humidityPercent: 47 });
    await page.locator('.boardsvg .now', { hasText: '21.5 °C' }).waitFor();
    await page.locator('#curves').scrollIntoViewIfNeeded();
    await page.locator('#curves .chart canvas').first().waitFor();
    await page.waitForSelector('#flow .way.pulse');
    await page.evaluate('window.scrollTo(0, 0)');
    await page.waitForSelector(lamp('GPIO22', 'active'));
    const sideways = await page.evaluate(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    if (Number(sideways) > 0) throw new Error(`the page at ${width} px is ${sideways} px too wide`);
    await page.screenshot({ path: join(folder, `page-${width}.png`), fullPage: true });
    if (width === 1440 && process.argv.includes('--picture'))
      await page.screenshot({ path: 'docs/page.png' });
    await page.context().close();
  }
  console.log(`pictures in ${folder}`);
}

async function newPage(browser: Browser, width: number): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    locale: 'en-GB',
    colorScheme: 'light',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return { page, complaints };
}

process.exitCode = (await main()) > 0 ? 1 : 0;
