import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { z } from 'zod';
import type { Bench, Place } from '../bench.ts';
import { percentile, type Row, spread } from '../row.ts';
import { post, type Tenant, unlimited, until } from '../tenant.ts';
import { fillInbox, openInbox, openQuestions, signInLink, waitingOf } from './dashboard-place.ts';

/** One run says little: Lighthouse's own advice is the median of five. */
const runs = 5;
const categories = ['performance', 'accessibility', 'best-practices'];
/** Debian's. The tests' smaller one loses the page as soon as its work is traced. */
const wholeChromium = '/usr/bin/chromium';
/** Not among our packages: it is 176 MB, and only this row needs it. */
const lighthouse = 'lighthouse@13.5.0';

export const dashboardRows: readonly Row[] = [
  {
    row: 'live_visible_p95_ms',
    unit: 'ms',
    budget: { atMost: 300 },
    about: 'from the commit of a decision, taken elsewhere, to the change on an inbox that is open in a browser, p95',
    async measure(bench) {
      const { place, tenant } = await inboxOf(bench);
      const { browser, page } = await openInbox(place, tenant);
      await page.evaluate(watchQuestions);
      const delays: number[] = [];
      for (const { id, payloadHash } of await waitingOf(tenant)) {
        const decided = await post(tenant, `/api/v1/approvals/${id}/decision`, { decision: 'reject', payloadHash, comment: 'Bench' });
        const { decidedAt } = z.object({ decidedAt: z.string() }).parse(decided);
        const drawnAt = () => page.evaluate<number | null>(`drawn.at[${delays.length}] ?? null`);
        delays.push(Number(await until(drawnAt, (at) => at !== null, 30_000)) - Date.parse(decidedAt));
      }
      await browser.close();
      return { value: percentile(delays, 0.95), detail: { delays: spread(delays) } };
    },
  },
  {
    row: 'lighthouse_inbox_min',
    unit: '%',
    budget: { atLeast: 95 },
    about: `the least of performance, accessibility and best practices that ${lighthouse} gives the inbox on a simulated phone, median of ${runs} runs (needs Debian's chromium)`,
    async measure(bench) {
      const { place, tenant } = await inboxOf(bench);
      const profile = join(place.folder, 'chromium');
      await signInWhole(profile, await signInLink(place, tenant));
      const run = { url: place.server.url, profile, report: join(place.folder, 'lighthouse.json') };
      const phone = await medianScores(run, []);
      const desktop = await medianScores(run, ['--preset=desktop']);
      return { value: Math.min(...Object.values(phone.scores)), detail: { phone: phone.detail, desktop: desktop.detail, runs } };
    },
  },
];

/** A tenant whose inbox is full of questions. */
async function inboxOf(bench: Bench): Promise<{ place: Place; tenant: Tenant }> {
  const place = await bench.server();
  const [tenant] = await bench.tenants(place, [unlimited]);
  if (tenant === undefined) throw new Error('There is no tenant.');
  await fillInbox(tenant);
  return { place, tenant };
}

/** Runs in the page: notes the moment at which each question was drawn as one that can be answered no more. */
const watchQuestions = `(() => {
  const open = () => ${openQuestions};
  const drawn = { first: open(), at: [] };
  const look = () => {
    for (const gone = drawn.first - open(); drawn.at.length < gone; ) drawn.at.push(Date.now());
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
  globalThis.drawn = drawn;
})()`;

const reportSchema = z.object({
  categories: z.record(z.string(), z.object({ score: z.number().nullable() })),
  audits: z.record(z.string(), z.object({ numericValue: z.number().optional() })),
});

interface Run {
  readonly url: string;
  /** The folder of a browser that is signed in. */
  readonly profile: string;
  /** The file that Lighthouse writes. */
  readonly report: string;
}

/** A whole Chromium that Lighthouse can drive. */
const openWhole = (profile: string) =>
  chromium.launchPersistentContext(profile, {
    executablePath: process.env.FACTOTUM_TEST_CHROMIUM ?? wholeChromium,
    args: ['--headless=new', '--no-sandbox', '--disable-gpu', '--remote-debugging-port=0'],
    locale: 'en-GB',
  });

/** The session is kept in the profile. A cookie among Lighthouse's extra headers would not do: the page has cookies of its own. */
async function signInWhole(profile: string, link: string): Promise<void> {
  const context = await openWhole(profile);
  const page = await context.newPage();
  await page.goto(link);
  await page.locator('[data-row-link]').first().waitFor();
  await context.close();
}

/** What performance is made of: milliseconds, and a share of the screen for the last. */
const parts = ['first-contentful-paint', 'largest-contentful-paint', 'speed-index', 'total-blocking-time', 'cumulative-layout-shift'];

/** Medians of several runs: the scores in percent by category, and what performance is made of. */
async function medianScores(run: Run, preset: readonly string[]) {
  const found: Record<string, number>[] = [];
  for (let at = 0; at < runs; at += 1) found.push(await scoresOf(run, preset));
  const median = (name: string) =>
    percentile(
      found.map((one) => one[name] ?? Number.NaN),
      0.5,
    );
  return {
    scores: Object.fromEntries(categories.map((name) => [name, median(name)])),
    detail: {
      ...Object.fromEntries([...categories, ...parts].map((name) => [name, median(name)])),
      performances: found.map((one) => one.performance),
    },
  };
}

/** One run, in a browser that has drawn nothing before: what earlier pages leave to a process is put down to the next one. */
async function scoresOf({ url, profile, report }: Run, preset: readonly string[]): Promise<Record<string, number>> {
  const context = await openWhole(profile);
  try {
    const [port = ''] = (await readFile(join(profile, 'DevToolsActivePort'), 'utf8')).split('\n');
    const words = [`--package=${lighthouse}`, '--', 'lighthouse', url, '--quiet', '--output=json', `--output-path=${report}`, ...preset];
    await promisify(execFile)('npm', ['exec', '--yes', ...words, `--port=${port}`, `--only-categories=${categories.join(',')}`], {
      timeout: 300_000,
    });
  } finally {
    await context.close();
  }
  const { categories: scored, audits } = reportSchema.parse(JSON.parse(await readFile(report, 'utf8')));
  return {
    ...Object.fromEntries(categories.map((name) => [name, (scored[name]?.score ?? Number.NaN) * 100])),
    ...Object.fromEntries(parts.map((name) => [name, audits[name]?.numericValue ?? Number.NaN])),
  };
}
