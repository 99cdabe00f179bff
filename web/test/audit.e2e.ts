import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parseProof, parseVerifierKey, verifyProof } from '@factotum/tlog';
import { signIn } from './browser.ts';
import { eachTestHasAPage, opened, server } from './fixture-page.ts';

eachTestHasAPage('demo');

test('an entry is verified in the browser, and the downloaded proof holds for the package for auditors', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/audit');
  await page.getByRole('link', { name: /Asked: Pay 1,240/ }).click();
  await page.getByRole('button', { name: 'Verify in this browser' }).click();
  await page.getByText(/^Verified in this browser/).waitFor();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download proof' }).click();
  const file = await readFile(await (await download).path(), 'utf8');
  const seq = Number(new URL(page.url()).searchParams.get('entry'));
  const { verifierKey, body } = server.world.log.proof(seq);
  assert.equal(verifyProof(file, Buffer.from(body), [parseVerifierKey(verifierKey)]).index, seq);
  assert.equal(parseProof(file).extra?.toString(), body);
});

test('an entry that was changed after it was hashed does not verify', async () => {
  const { page } = opened;
  const approval = [...server.world.approvals.values()][0];
  assert.ok(approval);
  server.world.settle(approval, 'rejected', 'user:usr_00000000000000000000000b', 'No');
  server.world.log.tamper(server.world.log.entries.length - 1);
  await signIn(page, server.origin, `/approvals/${approval.id}`);
  await page.getByText('not verified: The entry does not have the hash that the log claims.').waitFor();
});

test('an address that names an old entry opens it, however long the log is', async () => {
  const { page } = opened;
  for (let i = 0; i < 80; i += 1) {
    server.world.record({ kind: 'note.written', actor: 'system:engine', objectId: null, taskId: null, state: null, text: `Note ${i}` });
  }
  await signIn(page, server.origin, '/audit?entry=1');
  await page.getByRole('button', { name: 'Verify in this browser' }).click();
  await page.getByText(/^Verified in this browser/).waitFor();
});

test('the whole log is checked by the server and the result stays on the page', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/audit');
  await page.getByRole('button', { name: 'Verify the whole log' }).click();
  await page.getByText(`The whole log is sound: ${server.world.log.entries.length} entries`).waitFor();
});
