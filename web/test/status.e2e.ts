import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signIn } from './browser.ts';
import { checkEverywhere, checkPage } from './check-page.ts';
import { eachTestHasAPage, opened, server } from './fixture-page.ts';

eachTestHasAPage('demo');

test('the status page says how the work is doing, and follows the figures without being asked', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/status');
  await page.getByText('84 came in · 77 of them ended · 1 failed').waitFor();
  await page.getByText('Live', { exact: true }).first().waitFor();
  server.world.standing.tenant.tasks.received = 85;
  server.world.pulse();
  await page.getByText('85 came in').waitFor();
});

test('a connection that stops is told at once, in words and not by colour alone', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/status');
  await page.getByRole('heading', { name: 'Connections' }).waitFor();
  await page.getByText('Live', { exact: true }).first().waitFor();
  const [connection] = server.world.outside.connections;
  assert.ok(connection);
  connection.state = 'broken';
  server.world.record({
    kind: 'connection.broken',
    actor: 'system:watcher',
    objectId: connection.id,
    taskId: null,
    state: 'broken',
    text: 'Connection stopped',
  });
  await page.getByText(`The connection “${connection.name}” stopped and has to be mended.`).waitFor();
});

test('a failure is said with a way to try again, and without the live feed the page still works', async () => {
  const { page } = opened;
  server.setLive(false);
  // Without the feed it asks again by itself.
  const mend = server.fail('/status', 500, 'server.fault');
  await signIn(page, server.origin, '/status');
  const again = page.getByRole('button', { name: 'Try again' });
  await again.waitFor();
  mend();
  await again.click();
  await page.getByText('84 came in').waitFor();
});

test('the status page is in order in light, in dark and on a phone, whose bar leads to what does not fit into it', async () => {
  const { page } = opened;
  await signIn(page, server.origin, '/status');
  await checkEverywhere(page, server.origin, ['/status'], opened.complaints);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole('button', { name: 'More', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Settings' }).click();
  await page.getByRole('heading', { name: 'Settings', level: 1 }).waitFor();
});

test('operators see each process, where work waits and what is the matter, and new figures as they come', async () => {
  const { page } = opened;
  server.world.operate();
  await signIn(page, server.origin, '/operator/system');
  await page.getByText('The process 4002 on factotum-2 has not been heard of for half a minute.').waitFor();
  await page.getByText('1 connection has stopped.').waitFor();
  await page.getByRole('link', { name: 'a-tenant-with-a-rather-long-name-that-does-not-fit' }).waitFor();
  await checkEverywhere(page, server.origin, ['/operator/system'], opened.complaints);
  await page.setViewportSize({ width: 1280, height: 860 });
  await page.getByText('12.4/s').first().waitFor();
  const [process] = server.world.standing.system.processes;
  assert.ok(process);
  process.now.requests = 77;
  server.world.pulse();
  await page.getByText('77/s').first().waitFor();
  await checkPage(page, '/operator/system', opened.complaints);
});

test('what came with the demo is marked in every list, and goes after one question', async () => {
  const { page } = opened;
  const { demo } = server.world.standing;
  const [approval] = server.world.approvals.values();
  const [note] = server.world.notes.keys();
  assert.ok(approval && note);
  Object.assign(demo, {
    isHere: true,
    tasks: [...server.world.tasks.keys()],
    approvals: [...server.world.approvals.keys()],
    notes: [note],
  });
  await signIn(page, server.origin, '/tasks');
  await page.getByRole('main').getByText('Demo', { exact: true }).first().waitFor();
  await page.goto(`${server.origin}/vault`);
  await page.getByRole('main').getByText('Demo', { exact: true }).first().waitFor();
  await page.goto(server.origin);
  await page.getByRole('main').getByText('Demo', { exact: true }).first().waitFor();
  await page.getByText('You are looking at a demo').waitFor();
  await checkPage(page, '/ with a demo', opened.complaints);
  await page.getByRole('button', { name: 'Remove the demo' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove the demo' }).click();
  await page.getByText('The demo is gone').first().waitFor();
  await page.getByText('You are looking at a demo').waitFor({ state: 'hidden' });
});
