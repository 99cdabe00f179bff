import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPage, said, settled, signIn, startBrowser } from './browser.ts';
import { checkEverywhere } from './check-page.ts';
import { eachTestHasAPage, opened, server } from './fixture-page.ts';
import { startFixtureServer } from './fixture-server.ts';

eachTestHasAPage('demo');

const handbook = 'Company_Handbook.md';
const note = (path: string) => `/vault/note?path=${encodeURIComponent(path)}`;
const contentOf = (path: string) => server.world.notes.get(path)?.content ?? '';

test('a note is changed with how it will look beside it, and leaving it unsaved is asked about', async () => {
  const { page } = opened;
  await signIn(page, server.origin, note(handbook));
  await page.getByRole('link', { name: 'Edit' }).click();
  const area = page.getByRole('textbox');
  await area.waitFor();
  await area.fill('# Handbook\n\nWe answer **today**.\n');
  await page.getByRole('region', { name: 'As it will look' }).getByRole('heading', { name: 'Handbook' }).waitFor();
  await page.getByRole('link', { name: 'Vault' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('What you have written here is not saved.').waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.waitForURL(/\/vault\/note/);
  await page.getByText('We answer').waitFor();
  assert.equal(contentOf(handbook), '# Handbook\n\nWe answer **today**.\n');
});

test('who saves over somebody else’s version sees both, and can put them together', async () => {
  const { page } = opened;
  await signIn(page, server.origin, `/vault/edit?path=${handbook}`);
  const area = page.getByRole('textbox');
  await area.waitFor();
  const before = await area.inputValue();
  await area.fill(`${before}\nMine.\n`);
  const theirs = server.world.notes.get(handbook);
  assert.ok(theirs);
  theirs.content = before.replace('# Company handbook', '# Our handbook');
  theirs.item.etag = 'theirs';
  await page.getByRole('button', { name: 'Save' }).click();
  const alert = page.getByRole('alert');
  await alert.getByText('Somebody else has saved this note while you were writing').waitFor();
  await alert.getByText('Both changes fit together.').waitFor();
  assert.equal(contentOf(handbook), theirs.content);
  await alert.getByRole('button', { name: 'Put both together' }).click();
  await alert.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Save' }).click();
  await page.waitForURL(/\/vault\/note/);
  assert.match(contentOf(handbook), /^# Our handbook[\s\S]*\nMine\.\n$/);
});

test('a note that somebody deleted meanwhile is not lost', async () => {
  const { page } = opened;
  await signIn(page, server.origin, `/vault/edit?path=${handbook}`);
  const area = page.getByRole('textbox');
  await area.waitFor();
  await area.fill('Mine.');
  server.world.notes.delete(handbook);
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Somebody else has deleted this note').waitFor();
  await page.getByRole('button', { name: 'Go on with mine' }).click();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.waitForURL(/\/vault\/note/);
  assert.equal(contentOf(handbook), 'Mine.');
});

test('a note is made, gets another name, and is deleted', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/vault');
  await page.getByRole('button', { name: 'New note' }).click();
  await page.getByLabel('Where it stands').fill('Clients/Contoso');
  await page.getByRole('button', { name: 'Write it' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByRole('textbox').fill('See [[Contacts]].');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.waitForURL(/\/vault\/note/);
  assert.equal(contentOf('Clients/Contoso.md'), 'See [[Contacts]].');

  await page.getByRole('button', { name: 'More for this note' }).click();
  await page.getByRole('menuitem', { name: 'Move or rename' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Where it stands').fill('Clients/Contoso Ltd');
  await dialog.getByRole('button', { name: 'Move or rename' }).click();
  await said(page, 'The note stands elsewhere now');
  await page.getByRole('heading', { name: 'Contoso Ltd' }).waitFor();
  await page.getByRole('button', { name: 'More for this note' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await said(page, 'The note is deleted');
  assert.equal(server.world.notes.has('Clients/Contoso Ltd.md'), false);
});

test('links lead to notes, renamed ones are said, and a note knows what links to it', async () => {
  const { page } = opened;
  server.world.notes.set('Index.md', {
    content: '# Index\n\n[[Contacts]], [[Prices]], [[Nobody]] and [web](https://a.example/x)',
    item: { path: 'Index.md', etag: 'i', sizeBytes: 9, trusted: true, generated: false, updatedAt: new Date().toISOString() },
  });
  await signIn(page, server.origin, note('Index.md'));
  await page.getByText('Prices stands at Contacts.md now').waitFor();
  await page.getByText('Links that lead nowhere').waitFor();
  const article = page.getByRole('article');
  await article.getByRole('link', { name: 'Contacts' }).waitFor();
  assert.deepEqual(await article.getByRole('link').allTextContents(), ['Contacts', 'Prices']);
  await article.getByRole('link', { name: 'Contacts' }).click();
  await page.getByRole('heading', { name: 'Contacts', level: 1 }).waitFor();
  await page.getByRole('link', { name: 'Index', exact: true }).waitFor();
});

test('nothing in what came from outside leads anywhere, and what Factotum draws cannot be changed', async () => {
  const { page } = opened;
  server.world.notes.set('Mail/Odd.md', {
    content: 'Click [[Contacts]] or [here](javascript:alert(1))',
    item: { path: 'Mail/Odd.md', etag: 'o', sizeBytes: 9, trusted: false, generated: false, updatedAt: new Date().toISOString() },
  });
  await signIn(page, server.origin, note('Mail/Odd.md'));
  await page.getByRole('link', { name: 'Edit' }).waitFor();
  assert.equal(await page.getByRole('article').getByRole('link').count(), 0);
  await page.goto(server.origin + note('Pending_Approval/Pay Northwind.md'));
  await page.getByText('No note links here.').waitFor();
  assert.equal(await page.getByRole('link', { name: 'Edit' }).count(), 0);
});

test('writing notes has no fault of accessibility in light, dark and on phones, hostile ones neither', async (t) => {
  const { page, complaints } = opened;
  await signIn(page, server.origin, '/vault');
  await checkEverywhere(
    page,
    server.origin,
    [note(handbook), `/vault/edit?path=${handbook}`, '/vault/edit?path=New.md&new=true'],
    complaints,
  );
  const browser = await startBrowser();
  t.after(() => browser.close());
  const other = await startFixtureServer('hostile');
  t.after(() => other.close());
  const theirs = await openPage(browser, other.origin);
  t.after(() => theirs.context.close());
  await signIn(theirs.page, other.origin, '/vault');
  await settled(theirs.page);
  await checkEverywhere(theirs.page, other.origin, ['/vault/edit?path=Mail%2Fhostile.md'], theirs.complaints);
});
