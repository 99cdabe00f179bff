import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import bundled from '@sparticuz/chromium';
import axe from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const axeTags = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Longer than anything on these pages takes on a busy machine. */
const waitMs = 30_000;

/** Starts the Chromium that came with npm, or the one named by FACTOTUM_TEST_CHROMIUM. It reaches nothing but this machine. */
export async function startBrowser(): Promise<Browser> {
  assert.ok(existsSync(join(import.meta.dirname, '..', 'dist', 'index.html')), 'web/dist is missing: run `npm run build -w web` first');
  return chromium.launch({
    executablePath: process.env.FACTOTUM_TEST_CHROMIUM ?? (await bundled.executablePath()),
    headless: true,
    // Not the arguments that the package proposes: those switch off the browser's own protection.
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
    ],
  });
}

export interface View {
  theme?: 'light' | 'dark';
  width?: number;
  height?: number;
  /** With the worker of the pages. Without it nothing comes between a test and the requests of its page. */
  hasWorker?: boolean;
}

/** A page with everything it complained about: violations of the content security policy, errors, requests that left this machine. */
export interface WatchedPage {
  page: Page;
  context: BrowserContext;
  complaints: string[];
}

/** Opens a context with one page. Below 640 px it is a phone with a touch screen. */
export async function openPage(
  browser: Browser,
  origin: string,
  { theme = 'light', width = 1280, height = 860, hasWorker = false }: View = {},
): Promise<WatchedPage> {
  const isPhone = width < 640;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    hasTouch: isPhone,
    isMobile: isPhone,
    deviceScaleFactor: 2,
    reducedMotion: 'reduce',
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    serviceWorkers: hasWorker ? 'allow' : 'block',
  });
  context.setDefaultTimeout(waitMs);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('console', (message) => {
    const isRefusal = /Content Security Policy|TrustedHTML|Trusted Type/i.test(message.text());
    if (isRefusal) complaints.push(`policy: ${message.text()}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(origin) && !request.url().startsWith('blob:')) complaints.push(`request: ${request.url()}`);
  });
  return { page, context, complaints };
}

/** Opens a page with a session and waits until it shows its content. */
export async function signIn(page: Page, origin: string, path = '/'): Promise<void> {
  await page.goto(`${origin}${path}#token=good`);
  await settled(page);
}

/** Waits until nothing is loading any more. */
export async function settled(page: Page): Promise<void> {
  // In one look: between two pages there is neither a heading nor anything that loads.
  await page.waitForFunction(
    () =>
      document.querySelector('h1') !== null &&
      document.querySelector('[aria-label="Loading"]') === null &&
      document.querySelector('[aria-busy]') === null,
  );
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
}

/** Waits until something is said shortly, where such things are said: buttons and rows of the page may have the same words. */
export const said = (page: Page, words: string): Promise<void> =>
  page.locator('[role=region][aria-label=Notifications]').getByText(words).first().waitFor();

/** Shows the page in light or in dark, and waits until it is. */
export async function putInto(page: Page, theme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme: theme });
  await page.waitForFunction((isDark) => document.documentElement.classList.contains('dark') === isDark, theme === 'dark');
}

/** Waits for what nothing on the page tells by itself: what a request changes in the fixture, or a field that follows another answer. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + waitMs; !(await isSo()); ) {
    assert.ok(performance.now() < deadline, `not reached within ${waitMs} ms: ${isSo}`);
    await sleep(50);
  }
}

/** What axe finds wrong, one line each. */
export async function axeFaults(page: Page): Promise<string[]> {
  // Evaluated by the debugger, not by the page: the content security policy stays as it is.
  await page.evaluate(axe.source);
  const found = await page.evaluate(async (tags) => {
    // The script of the line before defines it.
    const { axe } = window as unknown as {
      axe: { run: (options: object) => Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }> };
    };
    return (await axe.run({ runOnly: tags })).violations;
  }, axeTags);
  return found.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary?.slice(0, 200) ?? ''}`),
  );
}

/** Waits until a text is nowhere on the page any more: a dialog that has been closed goes when the page is drawn anew. */
export async function untilUnsaid(page: Page, words: string): Promise<void> {
  await page.waitForFunction((unsaid) => !document.documentElement.outerHTML.includes(unsaid), words);
}

/** How many pixels the page can be moved sideways. */
export const sidewaysPx = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
