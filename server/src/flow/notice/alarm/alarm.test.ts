import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { FactotumError, newId } from '#kernel';
import { withTenant } from '#kernel/database';
import type { Letter } from '#kernel/mail';
import { suspendTenant } from '#trust/tenant';
import { testPlatform } from '../../../../test/platform.ts';
import { type AlarmKind, findAlarms } from './find.ts';
import { createAlarmKeeper } from './keeper.ts';
import { listAlarms } from './store.ts';

const platform = await testPlatform();
const { database, clock, log } = platform;
const { pool } = database.engine;

/** The part of one process, with what is wrong and who is there as the test says. */
function watched(operators: readonly { userId: string; email: string; language: 'en' | 'de' | null }[]) {
  const now = { wrong: [] as AlarmKind[], refused: [] as string[] };
  const letters: Letter[] = [];
  const build = () =>
    createAlarmKeeper({
      ...{ database, clock, log, origin: () => 'https://factotum.example' },
      find: async () => now.wrong,
      operators: async () => operators,
      postman: {
        isConfigured: true,
        async send(letter) {
          if (now.refused.includes(letter.to)) throw new FactotumError('mail.unavailable', 'no');
          letters.push(letter);
        },
      },
    });
  return { now, letters, build, keeper: build() };
}

const kinds = async () => (await listAlarms(database.engine)).map(({ kind }) => kind);
const passed = (hours: number) =>
  pool.query(`update app.alarm set raised_at = raised_at - interval '${hours} hours', ended_at = ended_at - interval '${hours} hours',
    mail_at = mail_at - interval '${hours} hours'`);

test('what is wrong is mailed once to each who runs the installation, in their words, whoever looks, and again when it comes back', async () => {
  const one = watched([
    { userId: newId('user'), email: 'ada@ops.example', language: null },
    { userId: newId('user'), email: 'bert@ops.example', language: 'de' },
  ]);
  await one.keeper.look();
  assert.deepEqual([await kinds(), one.letters], [[], []]);
  one.now.wrong = ['backup_failed'];
  await Promise.all([one.keeper.look(), one.build().look(), one.build().look()]);
  await passed(0.5);
  await one.keeper.look();
  assert.deepEqual(await kinds(), ['backup_failed']);
  assert.deepEqual(one.letters.map(({ to, subject }) => [to, subject]).sort(), [
    ['ada@ops.example', 'Factotum needs you: a backup has failed, or has a fault'],
    ['bert@ops.example', 'Factotum braucht Sie: eine Sicherung ist fehlgeschlagen oder fehlerhaft'],
  ]);
  assert.match(one.letters[0]?.text ?? '', /https:\/\/factotum\.example\/operator\/system/);
  one.now.wrong = [];
  await one.keeper.look();
  assert.deepEqual(await kinds(), []);
  one.now.wrong = ['backup_failed'];
  await one.keeper.look();
  assert.equal(one.letters.length, 2, 'back at once is the same trouble');
  one.now.wrong = [];
  await one.keeper.look();
  await passed(2);
  one.now.wrong = ['backup_failed'];
  await one.keeper.look();
  assert.equal(one.letters.length, 4);
  one.now.wrong = [];
  await one.keeper.look();
});

test('an address that is refused is tried again, and nobody else is told twice', async () => {
  const one = watched([
    { userId: newId('user'), email: 'gone@ops.example', language: null },
    { userId: newId('user'), email: 'there@ops.example', language: null },
  ]);
  one.now.wrong = ['process_busy'];
  one.now.refused = ['gone@ops.example'];
  await one.keeper.look();
  await one.keeper.look();
  assert.deepEqual(
    one.letters.map(({ to }) => to),
    ['there@ops.example'],
  );
  one.now.refused = [];
  await passed(1);
  await one.keeper.look();
  assert.deepEqual(
    one.letters.map(({ to }) => to),
    ['there@ops.example', 'gone@ops.example'],
  );
});

test('whom nobody could reach before it was over is told when it comes back, and those who know are not', async () => {
  const one = watched([
    { userId: newId('user'), email: 'late@ops.example', language: null },
    { userId: newId('user'), email: 'soon@ops.example', language: null },
  ]);
  one.now.refused = ['late@ops.example'];
  one.now.wrong = ['audit_behind'];
  await one.keeper.look();
  one.now.wrong = [];
  await one.keeper.look();
  one.now.refused = [];
  one.now.wrong = ['audit_behind'];
  await one.keeper.look();
  await one.keeper.look();
  assert.deepEqual(
    one.letters.map(({ to }) => to),
    ['soon@ops.example', 'late@ops.example'],
  );
});

test('backups, the audit log, a busy process and letters that wait are found to be wrong', async () => {
  const find = (last: { done: Date | null; faults: number } = { done: null, faults: 0 }) =>
    findAlarms({ database, lastBackup: async () => last, backupEveryHours: 24 });
  assert.deepEqual(await find(), []);
  const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000);
  assert.deepEqual(await find({ done: daysAgo(1.5), faults: 0 }), []);
  assert.deepEqual(await find({ done: daysAgo(3), faults: 1 }), ['backup_failed', 'backup_old']);
  const processId = newId('process');
  await pool.query(
    `insert into app.process_sample (process_id, at, about, figures) select $1, now() - n * interval '10 seconds', '{}', '{"loopDelayMs": 900}'
      from generate_series(0, 40) as n`,
    [processId],
  );
  assert.deepEqual(await find(), ['process_busy']);
  await pool.query('delete from app.process_sample where process_id = $1', [processId]);
  const { id: tenantId } = await platform.createTenant({ name: 'mailed', actor: 'operator:test' });
  const unmailed = (tries: number) =>
    withTenant(database.app.db, tenantId, async (tx) => {
      const [userId, noticeId, objectId] = [newId('user'), newId('notice'), newId('approval')];
      await sql`insert into app.notice_person (tenant_id, user_id) values (${tenantId}, ${userId})`.execute(tx);
      await sql`insert into app.notice (tenant_id, notice_id, user_id, kind, seq, object_id, on_page, created_at, mail, mail_at, mail_tries)
        values (${tenantId}, ${noticeId}, ${userId}, 'approval', 0, ${objectId}, true, now(), 'digest', now(), ${tries})`.execute(tx);
    });
  await unmailed(3);
  assert.deepEqual(await find(), []);
  await unmailed(4);
  assert.deepEqual(await find(), ['mail_away']);
  await withTenant(database.app.db, tenantId, (tx) => suspendTenant(tx, tenantId, { actor: 'operator:test', at: new Date() }));
  assert.deepEqual(await find(), [], 'letters of a tenant that is suspended wait for that to end');
});
