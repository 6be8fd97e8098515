/** What a check is, and what checks have in common. */
import type { Shown } from './app.js';
import type { Page } from './chromium.js';

/** What a person sees and does on the page; each gets a page of its own. @returns a figure or text to print */
export type Check = (page: Page, shown: Shown, tools: Tools) => Promise<string | undefined>;

export interface Tools {
  /** What the browser itself will say on the console is no fault here. */
  expect(complaint: RegExp): void;
}

export type Checks = Readonly<Record<string, Check>>;

export const lamp = (line: string, value: string): string => `[data-line="${line}"][data-value="${value}"]`;

export async function opened(page: Page, { url }: Pick<Shown, 'url'>): Promise<void> {
  await page.goto(url);
  await page.waitForSelector('html[data-ready="yes"]');
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Sets `desired` past the page, as any client would. */
export function desire({ app }: Shown, thing: string, desired: Record<string, unknown>): Promise<unknown> {
  return app.core!.shadows.update(thing, undefined, { state: { desired } }, 'test');
}

/** The traffic light once round, so that a green is counted. */
export async function goRound(page: Page, shown: Shown): Promise<void> {
  for (const [property, line] of [
    ['G', 'GPIO22'],
    ['Y', 'GPIO27'],
    ['R', 'GPIO17'],
  ] as const) {
    await desire(shown, 'GG_TrafficLight', { property });
    await page.waitForSelector(lamp(line, 'active'));
  }
}
