import type { Page } from 'playwright-core';
import { z } from 'zod';
import { type Row, spread } from '../row.ts';
import { fillInbox, openInbox } from './dashboard-place.ts';
import { millionOf } from './list-page.ts';

/** One interaction in so many is left out, the worst first: the definition of INP on web.dev/articles/inp. */
const leftOutPer = 50;
/** How far down the list of tasks one scrolls, in the rows that were fetched on the way. */
const farRows = 5_000;
const rowPx = 61;
/** How long somebody types before it is looked for is a quarter of a second. */
const searchPauseMs = 400;

export const interactionRows: readonly Row[] = [
  {
    row: 'inp_ms',
    unit: 'ms',
    budget: { atMost: 100 },
    about: 'interaction to next paint of a visit to the inbox and to the list of a million tasks, as browsers report it (Event Timing)',
    async measure(bench) {
      const { place, tenant } = await millionOf(bench);
      await fillInbox(tenant);
      const { browser, page } = await openInbox(place, tenant);
      try {
        await page.evaluate(watchEvents);
        await walkInbox(page);
        await walkTasks(page);
        await walkMenus(page);
        const { met, count } = metSchema.parse(await page.evaluate(takeMet));
        const worst = met.map(({ ms }) => ms).toSorted((one, other) => other - one);
        return {
          // Far more of them were reported than are left out.
          value: worst[Math.floor(count / leftOutPer)] ?? Number.NaN,
          detail: { tasks: bench.tasks, interactions: count, worstMs: worst.slice(0, 10), reportedMs: byName(met) },
        };
      } finally {
        await browser.close();
      }
    },
  },
];

const metSchema = z.object({ met: z.array(z.object({ name: z.string(), ms: z.number() })), count: z.number() });

/** Spreads by what was done. What took less than 16 ms is not reported, so that these are of the slower ones. */
function byName(met: readonly { name: string; ms: number }[]): Record<string, unknown> {
  const groups = Map.groupBy(met, ({ name }) => name);
  return Object.fromEntries([...groups].map(([name, ones]) => [name, spread(ones.map(({ ms }) => ms))]));
}

/** Does something some times, waiting each time until the browser has painted, and notes under which name. */
async function does(page: Page, name: string, times: number, interact: () => Promise<unknown>): Promise<void> {
  for (let at = 0; at < times; at += 1) {
    await page.evaluate(`names.push({ name: ${JSON.stringify(name)}, at: performance.now() })`);
    await interact();
    await page.evaluate(painted);
  }
}

async function types(page: Page, name: string, words: string): Promise<void> {
  for (const letter of words) await does(page, name, 1, () => page.keyboard.press(letter));
  // The answer comes between keys, and so does what is drawn for it.
  await page.waitForTimeout(searchPauseMs);
}

const rows = (page: Page) => page.locator('[data-row-link]');

async function walkInbox(page: Page): Promise<void> {
  const main = page.getByRole('main');
  await does(page, 'inbox: next row', 30, () => page.keyboard.press('j'));
  await does(page, 'inbox: row before', 10, () => page.keyboard.press('k'));
  for (let at = 0; at < 5; at += 1) {
    await does(page, 'inbox: select', 1, () => page.keyboard.press('x'));
    await does(page, 'inbox: next row', 1, () => page.keyboard.press('j'));
  }
  await does(page, 'inbox: clear the selection', 1, () => main.getByRole('button', { name: 'Clear selection' }).click());
  await does(page, 'inbox: open the filter', 1, () => page.keyboard.press('/'));
  await page.locator('[data-filter]').waitFor();
  await types(page, 'inbox: type a search', 'order');
  await rows(page).first().waitFor();
  await does(page, 'inbox: clear the filter', 1, () => main.getByRole('button', { name: 'Clear filter' }).click());
  await rows(page).first().waitFor();
  for (const view of ['Decided', 'All', 'Mine']) {
    const tab = main.getByRole('link', { name: view, exact: true });
    await does(page, 'inbox: another view', 1, () => tab.click());
    await tab.and(page.locator('[aria-current]')).waitFor();
  }
  // Tasks that failed stand among the questions.
  const question = main.locator('[data-row-link][href^="/approvals/"]').first();
  await does(page, 'inbox: open a question', 1, () => question.click());
  await page.waitForURL('**/approvals/**');
}

async function walkTasks(page: Page): Promise<void> {
  const main = page.getByRole('main');
  const navigation = page.getByRole('navigation');
  const openList = () => navigation.getByRole('link', { name: 'Tasks', exact: true }).first().click();
  await does(page, 'tasks: open the list', 1, openList);
  await rows(page).nth(90).waitFor();
  await does(page, 'tasks: next row', 30, () => page.keyboard.press('j'));
  await does(page, 'tasks: scroll by key', 20, () => page.keyboard.press('PageDown'));
  await scrollFar(page);
  await does(page, 'tasks: scroll by key, far down', 20, () => page.keyboard.press('PageUp'));
  await does(page, 'tasks: next row, far down', 30, () => page.keyboard.press('j'));
  await does(page, 'tasks: row before, far down', 10, () => page.keyboard.press('k'));
  await does(page, 'tasks: open a task, far down', 1, () => page.keyboard.press('o'));
  await page.waitForURL('**/tasks/tsk_*');
  for (let at = 0; at < 5; at += 1) {
    await page.locator('[aria-keyshortcuts="n"]').waitFor();
    await does(page, 'task: next one', 1, () => page.keyboard.press('n'));
  }
  await does(page, 'task: back to the list', 1, () => main.getByRole('link', { name: 'Tasks', exact: true }).first().click());
  await rows(page).first().waitFor();
  for (const filter of ['Failed', 'Done', 'All']) {
    await does(page, 'tasks: choose a state', 1, () => main.getByRole('link', { name: filter, exact: true }).click());
    await rows(page).first().waitFor();
  }
  await does(page, 'tasks: open the filter', 1, () => main.getByRole('button', { name: 'Filter', exact: true }).click());
  await does(page, 'tasks: go to the search', 1, () => main.getByRole('searchbox').click());
  await types(page, 'tasks: type a search', 'order');
  await rows(page).first().waitFor();
  await does(page, 'tasks: clear the filter', 1, () => main.getByRole('button', { name: 'Clear', exact: true }).click());
  await rows(page).first().waitFor();
}

/** Scrolling is no interaction by itself; what is done far down is. Each page of tasks is fetched on the way. */
async function scrollFar(page: Page): Promise<void> {
  await page.mouse.move(600, 400);
  const height = () => page.evaluate<number>('document.documentElement.scrollHeight');
  for (let fetched = await height(); fetched < farRows * rowPx; fetched = await height()) {
    await page.mouse.wheel(0, 3_000);
    await page.evaluate(painted);
  }
}

async function walkMenus(page: Page): Promise<void> {
  const account = page.getByRole('button', { name: /^Account:/ }).first();
  for (let at = 0; at < 3; at += 1) {
    await does(page, 'menu: open', 1, () => account.click());
    await page.getByRole('menu').waitFor();
    await does(page, 'menu: close', 1, () => page.keyboard.press('Escape'));
    await page.getByRole('menu').waitFor({ state: 'hidden' });
  }
  await does(page, 'palette: open', 1, () => page.keyboard.press('Control+k'));
  await page.getByRole('dialog').getByRole('combobox').waitFor();
  await types(page, 'palette: type', 'order');
  await does(page, 'palette: another entry', 5, () => page.keyboard.press('ArrowDown'));
  await does(page, 'palette: close', 1, () => page.keyboard.press('Escape'));
}

/** Runs in the page: keeps the longest event of each interaction, with the moment at which it began. */
const watchEvents = `(() => {
  globalThis.names = [];
  globalThis.met = new Map();
  globalThis.countBefore = performance.interactionCount;
  globalThis.note = (events) => {
    for (const { interactionId, startTime, duration } of events) {
      if (!interactionId) continue;
      const known = met.get(interactionId);
      met.set(interactionId, { at: known?.at ?? startTime, ms: Math.max(known?.ms ?? 0, duration) });
    }
  };
  globalThis.watcher = new PerformanceObserver((list) => note(list.getEntries()));
  watcher.observe({ type: 'event', durationThreshold: 16 });
})()`;

/** After two frames what was begun is painted, and what took longer than a frame is reported. */
const painted = 'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 20))))';

const takeMet = `(async () => {
  await new Promise((done) => setTimeout(done, 500));
  note(watcher.takeRecords());
  return {
    met: [...met.values()].map(({ at, ms }) => ({ name: names.findLast((one) => one.at <= at)?.name ?? 'before', ms })),
    count: performance.interactionCount - countBefore,
  };
})()`;
