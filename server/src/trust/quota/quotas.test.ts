import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { isFactotumError } from '#kernel';
import { parseLimitChanges } from './limits.ts';
import { type Quota, quotaNames, quotas } from './quotas.ts';
import { amountOf } from './refusal.ts';

test('the page about quotas has every quota with its unit, window and default', async () => {
  const page = await readFile(join(import.meta.dirname, '../../../../docs/quotas.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` \| [^|]+ \| ([^|]+) \| (\w+) \| (\d+) \|$/gm)].map(([, ...cells]) => cells);
  assert.deepEqual(
    rows,
    quotaNames.map((name) => [name, quotas[name].unit, quotas[name].window, String(quotas[name].default)]),
  );
});

test('every default is a limit that could be set', () => {
  for (const name of quotaNames) {
    const quota: Quota = quotas[name];
    assert.ok(quota.default >= quota.min && quota.default <= quota.max && Number.isSafeInteger(quota.max), name);
    assert.deepEqual(parseLimitChanges({ [name]: quota.default }), { [name]: quota.default });
  }
});

test('nothing that comes from outside becomes a limit unless it is one', () => {
  for (const wrong of [{}, { members: 0 }, { members: 1.5 }, { members: '5' }, { __proto__x: 1 }, { toString: 1 }, { vaultBytes: -1 }])
    assert.throws(
      () => parseLimitChanges(wrong),
      (error) => isFactotumError(error, 'request.invalid'),
      JSON.stringify(wrong),
    );
});

test('amounts are told in the units that people use', () => {
  assert.deepEqual(
    [amountOf('modelMicrosPerDay', 4_200_000), amountOf('vaultBytes', 1_500_000_000), amountOf('vaultBytes', 20), amountOf('members', 12)],
    ['4.20 USD', '1.5 GB', '20 bytes', '12 members'],
  );
});
