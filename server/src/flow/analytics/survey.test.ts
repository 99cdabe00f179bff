import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sql } from 'kysely';
import { testDatabase } from '../../../test/database.ts';
import { tenantFactory } from '../../../test/tenant.ts';
import { readStanding, readSurvey, takeAnswers } from './survey.ts';

const { database, close } = await testDatabase();
const tenants = await tenantFactory(database);
after(async () => {
  await tenants.close();
  await close();
});

test('a quarter is one of the tenant’s time zone, and in the next one everybody is asked anew', async () => {
  const { tenantId, run } = await tenants.build();
  await run((tx) => sql`update app.tenant set settings = '{"timeZone":"Asia/Tokyo"}' where tenant_id = ${tenantId}`.execute(tx));
  const at = (time: string, userId = 'usr_1') => ({ userId, now: new Date(time) });
  await run((tx) => takeAnswers(tx, tenantId, { ...at('2026-09-30T14:59:59Z'), scores: {} }));
  assert.deepEqual(await run((tx) => readStanding(tx, tenantId, at('2026-09-30T14:59:59Z'))), { quarter: '2026-07-01', isDue: false });
  assert.deepEqual(await run((tx) => readStanding(tx, tenantId, at('2026-09-30T15:00:00Z'))), { quarter: '2026-10-01', isDue: true });
  await run((tx) => takeAnswers(tx, tenantId, { ...at('2026-10-01T00:00:00Z', 'usr_2'), scores: { trust: 4 } }));
  const { rows } = await run((tx) => sql<{ quarter: string }>`select quarter::text from app.survey_turn`.execute(tx));
  assert.deepEqual(rows, [{ quarter: '2026-10-01' }], 'who was asked in an earlier quarter is forgotten');
});

test('of two answers of one person at the same moment one counts, and those of many at once are all counted', async () => {
  const { tenantId, run } = await tenants.build();
  const now = new Date('2026-11-20T12:00:00Z');
  const people = Array.from({ length: 7 }, (_, number) => `usr_${number}`);
  const taken = await Promise.allSettled(
    [...people, ...people].map((userId) => run((tx) => takeAnswers(tx, tenantId, { userId, now, scores: { useful: 5, clear: 2 } }))),
  );
  assert.equal(taken.filter(({ status }) => status === 'fulfilled').length, 7);
  assert.deepEqual(
    (await run((tx) => readSurvey(tx, tenantId))).map(({ question, answers, mean }) => [question, answers, mean]),
    // The seventh answer is shown with the ninth.
    [
      ['clear', 6, 2],
      ['useful', 6, 5],
    ],
  );
});
