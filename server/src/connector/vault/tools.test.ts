import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testPlatform } from '../../../test/platform.ts';
import { buildToolCaller } from '../../../test/tool-calls.ts';

const platform = await testPlatform();

test("a note is read with its fields and who wrote it; none, another tenant's and a path that is none are named", async () => {
  const tenant = await buildToolCaller(platform, { 'Purchases/PO-1.md': '---\nsupplier: Northwind\namount: 12\n---\n\nText\n' });
  const answer = await tenant.call('vault.read', { path: 'Purchases/PO-1.md' });
  assert.deepEqual(answer, {
    kind: 'done',
    result: {
      path: 'Purchases/PO-1.md',
      content: '---\nsupplier: Northwind\namount: 12\n---\n\nText\n',
      fields: { supplier: 'Northwind', amount: 12 },
      trusted: true,
    },
    label: { sources: ['note:Purchases/PO-1.md'], integrity: 'trusted', readers: 'tenant' },
  });
  const stranger = await buildToolCaller(platform);
  assert.equal(await stranger.refused('vault.read', { path: 'Purchases/PO-1.md' }), 'vault.not_found');
  assert.equal(await tenant.refused('vault.read', { path: 'Purchases/po-1.md' }), 'vault.not_found');
  assert.equal(await tenant.refused('vault.read', { path: '../secret' }), 'vault.path_invalid');
});

test('what a tool wrote is not trusted, and its label says so', async () => {
  const tenant = await buildToolCaller(platform);
  await tenant.done('vault.write', { path: 'Notes/a.md', content: '---\niban: X\n---\n' });
  const answer = await tenant.call('vault.read', { path: 'Notes/a.md' });
  assert.equal(answer.kind === 'done' && answer.label?.integrity, 'untrusted');
  assert.equal((await tenant.note('Notes/a.md'))?.trusted, false);
});

test('two calls with one key write once, and the lookup tells what they did', async () => {
  const tenant = await buildToolCaller(platform);
  const args = { path: 'Notes/a.md', content: 'hello' };
  assert.deepEqual(await tenant.call('vault.write', args, { key: 'k1', operation: 'lookup' }), { kind: 'absent' });
  const answers = await Promise.all([tenant.call('vault.write', args, { key: 'k1' }), tenant.call('vault.write', args, { key: 'k1' })]);
  const done = answers.filter(({ kind }) => kind === 'done');
  // One may have to come again; nobody is told that it is done when it is not.
  assert.ok(answers.every((answer) => answer.kind === 'done' || (answer.kind === 'failed' && answer.failure === 'transient')));
  assert.deepEqual(await tenant.call('vault.write', args, { key: 'k1' }), done[0]);
  assert.equal(await tenant.versions('Notes/a.md'), 1);
  assert.deepEqual(await tenant.call('vault.write', args, { key: 'k1', operation: 'lookup' }), done[0]);
  await tenant.done('vault.write', args, { key: 'k2' });
  assert.equal(await tenant.versions('Notes/a.md'), 2);
});

test('a write is taken back to what was there before; what a member wrote since stays', async () => {
  const tenant = await buildToolCaller(platform, { 'Notes/a.md': 'mine' });
  const args = { path: 'Notes/a.md', content: 'yours' };
  const result = await tenant.done('vault.write', args, { key: 'k1' });
  const undo = { key: 'k1', operation: 'undo', resultJson: JSON.stringify(result) } as const;
  for (let time = 0; time < 2; time += 1) assert.equal((await tenant.call('vault.write', args, undo)).kind, 'done');
  const back = await tenant.note('Notes/a.md');
  assert.deepEqual([back?.content, back?.trusted], ['mine', true]);
  const made = await tenant.done('vault.write', { path: 'Notes/new.md', content: 'x' }, { key: 'k2' });
  await tenant.done(
    'vault.write',
    { path: 'Notes/new.md', content: 'x' },
    { key: 'k2', operation: 'undo', resultJson: JSON.stringify(made) },
  );
  assert.equal(await tenant.note('Notes/new.md'), null);
  const other = await tenant.done('vault.write', args, { key: 'k3' });
  await tenant.write('Notes/a.md', 'mine again');
  assert.equal(
    await tenant.refused('vault.write', args, { key: 'k3', operation: 'undo', resultJson: JSON.stringify(other) }),
    'vault.changed',
  );
  assert.equal((await tenant.note('Notes/a.md'))?.content, 'mine again');
});

test('a move takes the note and its history along, once a key, and back', async () => {
  const tenant = await buildToolCaller(platform, { 'Notes/a.md': 'text', 'Notes/taken.md': 'other' });
  const args = { from: 'Notes/a.md', to: 'Filed/a.md' };
  const result = await tenant.done('vault.move', args, { key: 'k1' });
  assert.deepEqual(await tenant.done('vault.move', args, { key: 'k1' }), result);
  assert.deepEqual(await tenant.done('vault.move', args, { key: 'k1', operation: 'lookup' }), result);
  assert.equal(await tenant.note('Notes/a.md'), null);
  assert.equal((await tenant.note('Filed/a.md'))?.content, 'text');
  assert.equal(await tenant.refused('vault.move', args), 'vault.not_found');
  assert.equal(await tenant.refused('vault.move', { from: 'Filed/a.md', to: 'Notes/taken.md' }), 'vault.exists');
  await tenant.done('vault.move', args, { key: 'k1', operation: 'undo', resultJson: JSON.stringify(result) });
  assert.equal((await tenant.note('Notes/a.md'))?.content, 'text');
  assert.equal(await tenant.note('Filed/a.md'), null);
});

test('no tool writes where people decide, nor where notes are drawn, in any spelling', async () => {
  const tenant = await buildToolCaller(platform, { 'Playbooks/Pay.md': 'steps', 'Notes/a.md': 'a' });
  const places: [string, string][] = [
    ...['Playbooks/Evil.md', 'playbooks/Evil.md', 'PLAYBOOKS/Evil.md', 'Logs/x.md', 'Company_Handbook.md', 'business_goals.MD'].map(
      (path): [string, string] => [path, 'vault.protected'],
    ),
    ...[
      'Approved/x.md',
      'Rejected/x.md',
      'Pending_Approval/x.md',
      'Needs_Action/x.md',
      'Done/2026-03/x.md',
      'done/x.md',
      'In_Progress/x.md',
      'Dashboard.md',
      'dashboard.md',
    ].map((path): [string, string] => [path, 'vault.generated']),
    ...['../x.md', '/etc/passwd', 'a/../b.md', 'a\\b.md', 'CON.md', 'a%2fb.md', 'Playbooks/../Playbooks/x.md'].map(
      (path): [string, string] => [path, 'vault.path_invalid'],
    ),
  ];
  for (const [path, code] of places) {
    assert.equal(await tenant.refused('vault.write', { path, content: 'x' }), code, path);
    assert.equal(await tenant.refused('vault.move', { from: 'Notes/a.md', to: path }), code, path);
  }
  assert.equal(await tenant.refused('vault.move', { from: 'Playbooks/Pay.md', to: 'Notes/b.md' }), 'vault.protected');
  assert.equal((await tenant.note('Playbooks/Pay.md'))?.content, 'steps');
  assert.equal((await tenant.note('Notes/a.md'))?.version, 1);
});
