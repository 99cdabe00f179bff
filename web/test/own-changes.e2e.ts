import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axeFaults, openPage, said, settled, signIn, startBrowser, until } from './browser.ts';
import { checkWidth } from './check-page.ts';
import { eachTestHasAPage, opened, server } from './fixture-page.ts';
import { startFixtureServer } from './fixture-server.ts';

eachTestHasAPage('demo');

/** Room for a whole page on a phone: what the bar at the bottom covers in part is no matter of this. */
const tallPx = 3_000;

/** Unfolds what one has changed, and waits for a line of it. */
async function unfold(line: string, { page } = opened): Promise<void> {
  await page.getByText('Your changes').click();
  await page.getByText(line).waitFor();
}

/** Puts the newest change of a topic back. */
async function putBack(topic: string, shown: string): Promise<void> {
  const { page } = opened;
  await page
    .getByRole('button', { name: new RegExp(`^Put back what was there before the change of ${topic}`) })
    .first()
    .click();
  const dialog = page.getByRole('dialog', { name: 'Put back what was there before?' });
  await dialog.getByText(shown).waitFor();
  assert.deepEqual(await axeFaults(page), []);
  await dialog.getByRole('button', { name: 'Put back' }).click();
  await said(page, 'Put back');
  await dialog.waitFor({ state: 'detached' });
}

test('density and theme are chosen in the account, stand among one’s changes, and are shown at once when they are put back', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/account');
  await unfold('Theme: Dark → System');
  await page.getByText('Language: Deutsch → English').waitFor();
  await page.getByLabel('Density').selectOption('Compact');
  await page.getByText('Density: Comfortable → Compact').waitFor();
  await page.waitForFunction(() => document.documentElement.classList.contains('compact'));
  await putBack('Appearance', 'Density: Comfortable');
  await page.getByText('Density: Compact → Comfortable').waitFor();
  await page.waitForFunction(() => !document.documentElement.classList.contains('compact'));
  await until(async () => (await page.getByLabel('Density').inputValue()) === 'comfortable');
  await page.getByLabel('Theme').selectOption('Dark');
  await page.getByText('Theme: System → Dark').waitFor();
  assert.deepEqual(await axeFaults(page), [], 'in dark');
  await putBack('Appearance', 'Theme: System');
  await page.waitForFunction(() => !document.documentElement.classList.contains('dark'));
  assert.deepEqual(server.world.me.appearance, { theme: 'system', density: 'comfortable' });
});

test('rules of notices are put back, and the form shows them', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/account/notices');
  await page.getByLabel('From', { exact: true }).fill('18:30');
  await page.getByRole('checkbox', { name: 'New comment: in the browser' }).uncheck();
  await page.getByRole('button', { name: 'Save' }).click();
  await said(page, 'Saved.');
  await unfold('Quiet from: 21:00 → 18:30');
  await page.getByText('New comment: in the browser: yes → no').waitFor();
  await page.getByText('A task has failed: by mail: At once → In the digest').waitFor();
  await page.getByText('The digest comes on: Monday → every day').waitFor();
  await putBack('What you are told', 'Quiet from: 21:00');
  await page.getByText('Quiet from: 18:30 → 21:00').waitFor();
  // The rules and their changes are two answers.
  await until(async () => (await page.getByLabel('From', { exact: true }).inputValue()) === '21:00');
  assert.equal(await page.getByRole('checkbox', { name: 'New comment: in the browser' }).isChecked(), true);
  assert.deepEqual([server.world.notices.rules.quiet.from, server.world.notices.rules.kinds.comment.push], ['21:00', true]);
});

test('a failure to read one’s changes can be tried again', async () => {
  const { page } = opened;
  server.failNext('/me/changes', 500, 'server.fault');
  await signIn(page, server.origin, '/account/notices');
  await unfold('server.fault');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('Quiet from: 20:00 → 21:00').waitFor();
});

test('one’s changes hold on a phone, in the dark and where there are none', async () => {
  const place = await startFixtureServer('empty');
  const browser = await startBrowser();
  try {
    const dark = await openPage(browser, server.origin, { theme: 'dark', width: 390, height: tallPx });
    for (const [path, line] of [
      ['/account', 'Theme: Dark → System'],
      ['/account/notices', 'Quiet from: 20:00 → 21:00'],
    ] as const) {
      await signIn(dark.page, server.origin, path);
      await unfold(line, dark);
      await checkWidth(dark.page, path);
      assert.deepEqual(await axeFaults(dark.page), [], path);
    }
    const none = await openPage(browser, place.origin);
    await signIn(none.page, place.origin, '/account');
    await unfold('You have changed nothing here yet.', none);
    await settled(none.page);
    assert.deepEqual(await axeFaults(none.page), []);
    assert.deepEqual([...dark.complaints, ...none.complaints], []);
  } finally {
    await browser.close();
    await place.close();
  }
});
