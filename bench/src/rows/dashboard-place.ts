import bundled from '@sparticuz/chromium';
import { type Browser, chromium, type Page } from 'playwright-core';
import { z } from 'zod';
import type { Place } from '../bench.ts';
import { factotum } from '../command.ts';
import { payload } from '../playbooks.ts';
import { get, post, type Tenant, until } from '../tenant.ts';

/** How many questions the inbox of these rows holds. */
const questions = 40;

const waitingSchema = z.object({ items: z.array(z.object({ id: z.string(), payloadHash: z.string() })) });

/** The questions that wait in a tenant. */
export const waitingOf = async (tenant: Tenant) =>
  waitingSchema.parse(await get(tenant, '/api/v1/approvals?state=waiting&limit=100')).items;

/** Fills a tenant's inbox with questions. */
export async function fillInbox(tenant: Tenant): Promise<void> {
  for (let at = 0; at < questions; at += 1)
    await post(tenant, '/api/v1/events', { source: 'bench', kind: 'ask', externalId: `q${at}`, payload: payload(`Order ${at}`) });
  await until(
    () => waitingOf(tenant),
    (waiting) => waiting.length === questions,
    60_000,
  );
}

/** What counts the questions on a page that can be answered. */
export const openQuestions = `document.querySelectorAll('[aria-label^="Reject:"]').length`;

/** The inbox with every question drawn, in the browser that the tests of the dashboard use. */
export async function openInbox(place: Place, tenant: Tenant): Promise<{ browser: Browser; page: Page }> {
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

/** The address that signs somebody in, once. */
export const signInLink = async ({ server }: Place, { name }: Tenant): Promise<string> =>
  z.object({ url: z.string() }).parse(await factotum(server.dataFolder, ['session', 'link', '--tenant', name])).url;
