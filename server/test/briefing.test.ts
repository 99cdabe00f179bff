import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createScheduleKeeper, listSchedules, occurrenceEvent } from '#flow/schedule';
import { type Clock, systemClock } from '#kernel';
import { withTenant } from '#kernel/database';
import { readNote } from '#trust/vault';
import { testPlatform } from './platform.ts';

const platform = await testPlatform();
const { database, keyring, intake, ledger, log } = platform;

/** A week of an account, as banks write it (MT940). */
const statement = [
  ':20:START',
  ':25:DE89370400440532013000',
  ':28C:1/1',
  ':60F:C260323EUR1000,00',
  ':61:2603240324D1240,00NTRFNONREF',
  ':86:166?00TRANSFER?20Invoice 4711?32Northwind Traders',
  ':61:2603250325C2500,50NTRFNONREF',
  ':86:166?00CREDIT?20Order 17?32Ada Lovelace',
  ':61:2603260326D12,90NTRFNONREF',
  ':86:166?00DEBIT?20March?32Cloud Storage',
  ':62F:C260326EUR2247,60',
  '-',
].join('\r\n');

test('a new tenant gets its briefing on Monday morning: from its own tasks and money, kept in the vault, and nobody is asked', async () => {
  const { id } = await platform.createTenant({
    name: 'monday',
    actor: 'operator:root',
    settings: { timeZone: 'Europe/Berlin', locale: 'en-GB' },
  });
  const keys = await keyring.of(id);
  const run = <R>(work: Parameters<typeof withTenant<R>>[2]) => withTenant(database.app.db, id, work);
  const [schedule] = await run((tx) => listSchedules(tx, keys));
  assert.deepEqual([schedule?.name, schedule?.kind, schedule?.cron], ['Monday briefing', 'briefing', '0 7 * * 1']);
  // The Monday after next, as the schedule itself says when that is.
  const at = schedule!.nextAt!;
  const clock: Clock = { now: () => at, monotonicMs: () => systemClock.monotonicMs() };
  const taken: string[] = [];
  const keeper = createScheduleKeeper({
    ...{ database, keysOf: keyring.of, clock, log },
    intake: {
      async accept(tenantId, event) {
        const accepted = await intake.accept(tenantId, event);
        if (tenantId === id) taken.push(accepted.taskId);
        return accepted;
      },
    },
  });
  await keeper.look();
  assert.equal(taken.length, 1);
  const worker = await platform.startWorker();
  worker.kick();
  await platform.until(id, taken[0]!, 'done');
  const path = `Briefings/${at.toISOString().slice(0, 10)} Monday briefing.md`;
  const note = await run((tx) => readNote(tx, keys, path));
  assert.match(note?.content ?? '', /^# Monday briefing/);
  assert.match(note?.content ?? '', /Nothing waits for you/);
  assert.doesNotMatch(note?.content ?? '', /## Money/, 'no account is known, so nothing is said of money');
});

test('money of the week is in it, where an account is known', async () => {
  const { id } = await platform.createTenant({ name: 'money', actor: 'operator:root', settings: { locale: 'en-GB' } });
  const keys = await keyring.of(id);
  await ledger.importBankFile(id, 'account.sta', Buffer.from(statement), { channel: 'http', submittedBy: 'user:usr_1' });
  const run = <R>(work: Parameters<typeof withTenant<R>>[2]) => withTenant(database.app.db, id, work);
  const [schedule] = await run((tx) => listSchedules(tx, keys));
  const event = occurrenceEvent(schedule!, { zone: 'UTC', at: new Date('2026-03-30T07:00:00Z'), actor: 'user:usr_1' });
  const { taskId } = await intake.accept(id, event);
  const worker = await platform.startWorker();
  worker.kick();
  await platform.until(id, taskId, 'done');
  const note = await run((tx) => readNote(tx, keys, 'Briefings/2026-03-30 Monday briefing.md'));
  assert.match(note?.content ?? '', /Revenue €2,500.50, spending €1,252.90/);
  assert.match(note?.content ?? '', /€1,240.00 to Northwind Traders/);
});
