import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import bundled from '@sparticuz/chromium';
import { type Browser, chromium, type Page } from 'playwright-core';
import { z } from 'zod';
import type { Bench, Place } from '../bench.ts';
import { factotum } from '../command.ts';
import { payload } from '../playbooks.ts';
import { percentile, type Row, spread } from '../row.ts';
import { get, post, type Tenant, unlimited, until } from '../tenant.ts';

const questions = 40;
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
    about: `the least of performance, accessibility and best practices that ${lighthouse} gives the inbox on a simulated phone (needs Debian's chromium)`,
    async measure(bench) {
      const { place, tenant } = await inboxOf(bench);
      const { browser, page } = await openInbox(place, tenant);
      const cookies = await page.context().cookies();
      await browser.close();
      const headers = join(place.folder, 'headers.json');
      await writeFile(headers, JSON.stringify({ Cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; ') }), {
        mode: 0o600,
      });
      const scores = await scoresOf(place.server.url, headers, join(place.folder, 'lighthouse.json'));
      return { value: Math.min(...Object.values(scores)), detail: scores };
    },
  },
];

/** A tenant whose inbox is full of questions. */
async function inboxOf(bench: Bench): Promise<{ place: Place; tenant: Tenant }> {
  const place = await bench.server();
  const [tenant] = await bench.tenants(place, [unlimited]);
  if (tenant === undefined) throw new Error('There is no tenant.');
  for (let at = 0; at < questions; at += 1)
    await post(tenant, '/api/v1/events', { source: 'bench', kind: 'ask', externalId: `q${at}`, payload: payload(`Order ${at}`) });
  await until(
    () => waitingOf(tenant),
    (waiting) => waiting.length === questions,
    60_000,
  );
  return { place, tenant };
}

const waitingSchema = z.object({ items: z.array(z.object({ id: z.string(), payloadHash: z.string() })) });
const waitingOf = async (tenant: Tenant) => waitingSchema.parse(await get(tenant, '/api/v1/approvals?state=waiting&limit=100')).items;

const openQuestions = `document.querySelectorAll('[aria-label^="Reject:"]').length`;

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

/** The inbox with every question drawn, in the browser that the tests of the dashboard use. */
async function openInbox(place: Place, tenant: Tenant): Promise<{ browser: Browser; page: Page }> {
  const browser = await chromium.launch({ executablePath: await chromiumPath(), args: ['--no-sandbox', '--disable-gpu'] });
  const page = await browser.newPage({ locale: 'en-GB' });
  await page.goto(await signInLink(place, tenant));
  await until(
    () => page.evaluate<number>(openQuestions),
    (count) => count === questions,
    60_000,
  );
  return { browser, page };
}

const chromiumPath = async () => process.env.FACTOTUM_TEST_CHROMIUM ?? (await bundled.executablePath());

const signInLink = async ({ server }: Place, { name }: Tenant): Promise<string> =>
  z.object({ url: z.string() }).parse(await factotum(server.dataFolder, ['session', 'link', '--tenant', name])).url;

const reportSchema = z.object({ categories: z.record(z.string(), z.object({ score: z.number().nullable() })) });

/** In percent, by category. */
async function scoresOf(url: string, headers: string, report: string): Promise<Record<string, number>> {
  const categories = ['performance', 'accessibility', 'best-practices'];
  const flags = '--headless=new --no-sandbox --disable-gpu';
  const words = [`--package=${lighthouse}`, '--', 'lighthouse', url, '--quiet', '--output=json', `--output-path=${report}`];
  const environment = { ...process.env, CHROME_PATH: process.env.FACTOTUM_TEST_CHROMIUM ?? wholeChromium };
  await promisify(execFile)(
    'npm',
    ['exec', '--yes', ...words, `--extra-headers=${headers}`, `--only-categories=${categories.join(',')}`, `--chrome-flags=${flags}`],
    { env: environment, timeout: 300_000 },
  );
  const found = reportSchema.parse(JSON.parse(await readFile(report, 'utf8'))).categories;
  return Object.fromEntries(categories.map((category) => [category, (found[category]?.score ?? Number.NaN) * 100]));
}
