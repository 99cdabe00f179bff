import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settled, signIn } from './browser.ts';
import { checkEverywhere, checkPage } from './check-page.ts';
import { eachTestHasAPage, opened, server } from './fixture-page.ts';

eachTestHasAPage('demo');

const day = (name: string) => opened.page.getByRole('region', { name });

test('a week is listed by its days, with what is held and until when, and the address says which week it is', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/agenda?week=2025-11-26');
  await page.getByRole('heading', { name: /^24.*30 November 2025$/ }).waitFor();
  await day('Monday 24 November').getByText('Planning of the week').waitFor();
  await day('Monday 24 November').getByText('With Mara Keller').waitFor();
  await day('Tuesday 25 November').getByText('Trade fair').waitFor();
  await day('Tuesday 25 November').getByText('Held until').waitFor();
  await day('Wednesday 26 November').getByText('from 22:00').waitFor();
  await day('Thursday 27 November').getByText('until 08:00').waitFor();
  await day('Thursday 27 November').getByText('Cancelled').waitFor();
  await day('Sunday 30 November').getByText('Nothing').waitFor();
  await page.getByRole('link', { name: 'Next week' }).click();
  await page.waitForURL(/week=2025-12-01/);
  await day('Monday 1 December').getByText('Planning of the week').waitFor();
  await page.getByRole('link', { name: 'Previous week' }).click();
  await page.waitForURL(/week=2025-11-24/);
  await page.getByRole('link', { name: 'Today' }).click();
  await page.waitForURL((url) => url.pathname === '/agenda' && !url.searchParams.has('week'));
  await page.getByRole('main').getByText('Today', { exact: true }).nth(1).waitFor();
});

test('free times of everybody are looked for in as many weeks as asked, and both are in the address', async () => {
  const { page, complaints } = opened;
  await signIn(page, server.origin, '/agenda?week=2026-11-23');
  await page.getByLabel('How long').selectOption('1.5 hours');
  await page.getByLabel('Within').selectOption('2 weeks from this one');
  await page.getByRole('button', { name: 'Find free times' }).click();
  const found = page.getByRole('main').getByRole('status');
  await found.getByText(/^09:00.*10:30$/).waitFor();
  await page.waitForURL((url) => url.searchParams.get('minutes') === '90' && url.searchParams.get('weeks') === '2');
  assert.deepEqual(server.world.calendars.asked, [{ minutes: 90, hours: 14 * 24 }]);
  await checkPage(page, '/agenda with free times', complaints);
  server.world.calendars.areFree = false;
  server.world.calendars.isComplete = false;
  await page.reload();
  await found.getByText('No such time is free for everybody.').waitFor();
  await page.getByText('There is more than is listed here').waitFor();
});

test('what comes into a calendar is there while somebody looks', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/agenda');
  await page.getByRole('banner').getByText('Live').waitFor();
  await page.getByText('Planning of the week').waitFor();
  const [task] = server.world.tasks.values();
  assert.ok(task);
  server.world.calendars.more = ['Board meeting'];
  server.world.record({ kind: 'task.created', actor: 'connector:calendar', objectId: task.id, taskId: task.id, state: null, text: 'New' });
  await page.getByText('Board meeting').waitFor();
});

test('what strangers write into an invitation is shown as text, and the page is in order in light, in dark and on a phone', async () => {
  const { page, complaints } = opened;
  await signIn(page, server.origin, '/agenda');
  await page.getByText('<script>window.pwned = 1</script>').waitFor();
  await page.getByText('Overlaps with 1 other').waitFor();
  await checkEverywhere(page, server.origin, ['/agenda', '/agenda?week=2026-03-23&minutes=60'], complaints);
});

test('without a calendar the page says what to do, a failure can be tried again, and who may not see calendars finds no way to them', async () => {
  const { page, complaints } = opened;
  server.world.calendars.calendars = [];
  server.failNext('/agenda', 500, 'server.fault');
  await signIn(page, server.origin, '/agenda');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('No calendar is connected').waitFor();
  await checkPage(page, '/agenda without calendars', complaints);
  server.world.me.permissions = ['task:read', 'approval:read'];
  await page.goto(server.origin);
  await settled(page);
  await page.getByRole('link', { name: 'Tasks' }).first().waitFor();
  assert.equal(await page.getByRole('link', { name: 'Agenda' }).count(), 0);
});
