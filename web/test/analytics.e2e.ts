import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axeFaults, said, signIn } from './browser.ts';
import { checkEverywhere } from './check-page.ts';
import { eachTestHasAPage, opened, server } from './fixture-page.ts';

eachTestHasAPage('demo');

test('figures say their unit, their days, what they were before and what they mean; charts are drawn, and are tables as well', async () => {
  const { page } = opened;
  await signIn(page, server.origin);
  await page.getByRole('navigation', { name: 'Main' }).first().getByRole('link', { name: 'Analytics' }).click();
  await page.getByRole('heading', { name: 'Tasks (number, by week)' }).waitFor();
  await page.getByText('290 before').waitFor();
  await page.getByRole('region', { name: 'Tasks (number, by week)' }).locator('svg.recharts-surface').first().waitFor();
  await page.getByRole('button', { name: 'Completion rate' }).first().focus();
  await page.getByText('Completed, of all tasks that ended in the period and were not cancelled.').first().waitFor();
  await page.getByRole('button', { name: 'Show as table: Time to done' }).click();
  const table = page.getByRole('table', { name: 'Time to done (duration, by week)' });
  // The week of nothing and the week to come are gaps, not noughts.
  await table.getByRole('row', { name: '28 Sept 2026 to 4 Oct 2026 – –' }).waitFor();
  await table.getByRole('row', { name: '23 Nov 2026 to 29 Nov 2026 – –' }).waitFor();
});

test('period and points are in the address, and downloads follow them', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/analytics');
  await page.getByLabel('By', { exact: true }).selectOption('Month');
  await page.waitForURL(/bucket=month/);
  await page.getByLabel('Period').selectOption('Last 30 days');
  await page.waitForURL(/from=/);
  await page.getByRole('combobox', { name: 'Period' }).and(page.locator(':has(option:checked[value=d30])')).waitFor();
  await page.getByRole('link', { name: 'Approvals' }).click();
  const csv = page.getByRole('link', { name: 'Download as CSV: By tool' });
  await csv.waitFor();
  assert.match((await csv.getAttribute('href')) ?? '', /^\/api\/v1\/analytics\/tables\/tools\?from=[\d-]+&bucket=month$/);
  await page.getByRole('table', { name: 'By person' }).waitFor();
});

test('what value rests on stands beside it and is changed there', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/analytics?view=value');
  await page.getByText('An hour of a person costs €36.00; a task takes a person 10 minutes, an answer 60 seconds.').waitFor();
  await page.getByRole('button', { name: 'Change' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Cost of an hour').fill('42.5');
  await dialog.getByLabel('Minutes for Orders').fill('5');
  assert.deepEqual(await axeFaults(page), []);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await said(page, 'Saved. The figures follow, also those of the past.');
  await page.getByText('An hour of a person costs €42.50').waitFor();
  const { wageMinor, minutesByPlaybook } = server.world.analytics.assumptions;
  assert.deepEqual({ wageMinor, minutesByPlaybook }, { wageMinor: 4_250, minutesByPlaybook: { Invoices: 15, Orders: 5 } });
});

test('who is asked how it goes answers some of it, and is not asked again', async () => {
  const { page } = opened;
  server.world.analytics.isDue = true;
  await signIn(page, server.origin, '/analytics?view=satisfaction');
  await page.getByRole('group', { name: 'Factotum saves me time' }).getByLabel('Mostly').check();
  assert.deepEqual(await axeFaults(page), []);
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByRole('heading', { name: 'How is it going?' }).waitFor({ state: 'detached' });
  assert.deepEqual(server.world.analytics.answers, [{ scores: { useful: 4 } }]);
});

test('a failure can be tried again, figures that are not whole yet say so, and of nothing there is nothing', async () => {
  const { page } = opened;
  server.world.analytics.isComplete = false;
  server.failNext('/analytics', 500, 'server.fault');
  await signIn(page, server.origin, '/analytics');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('The log is being counted: 34%').waitFor();
  server.world.analytics.isEmpty = true;
  await page.goto(`${server.origin}/analytics`);
  await page.getByText('Nothing to count yet').waitFor();
});

test('operators see how much each tenant does', async () => {
  const { page } = opened;
  server.world.operate();
  await signIn(page, server.origin, '/operator/volume');
  await page.getByRole('row', { name: 'northwind US$0.23 100 90 2 60 400' }).waitFor();
  await checkEverywhere(page, server.origin, ['/operator/volume'], opened.complaints);
});

test('the pages of figures are in order in light, in dark and on a phone', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/analytics');
  await checkEverywhere(
    page,
    server.origin,
    ['', '?view=approvals', '?view=value', '?view=satisfaction'].map((search) => `/analytics${search}`),
    opened.complaints,
  );
});
