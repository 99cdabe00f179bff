import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figureOf, percentile, type Row } from './row.ts';
import { rows } from './rows.ts';

const row = (budget: Row['budget']): Row => ({
  row: 'x',
  unit: 'ms',
  budget,
  about: '',
  measure: () => Promise.reject(new Error('not measured here')),
});

test('a figure holds when it keeps to its budget, and never when it could not be measured', () => {
  assert.equal(figureOf(row({ atLeast: 400 }), { value: 400, detail: {} }).holds, true);
  assert.equal(figureOf(row({ atLeast: 400 }), { value: 399.9, detail: {} }).holds, false);
  assert.equal(figureOf(row({ atMost: 40 }), { value: 40.1, detail: {} }).holds, false);
  assert.equal(figureOf(row(null), { value: 1, detail: {} }).holds, true);
  for (const budget of [null, { atLeast: 0 }, { atMost: 1 }])
    assert.equal(figureOf(row(budget), { value: Number.NaN, detail: {} }).holds, false);
});

test('a percentile is a sample that was taken', () => {
  const samples = [5, 1, 4, 2, 3];
  assert.deepEqual(
    [0.5, 0.95, 0.2, 1].map((share) => percentile(samples, share)),
    [3, 5, 1, 5],
  );
  assert.ok(Number.isNaN(percentile([], 0.5)));
});

test('rows that programs ask for by name are there, each once', () => {
  const names = rows.map((each) => each.row);
  assert.equal(new Set(names).size, names.length);
  for (const name of [
    'tasks_per_s',
    'task_p50_ms',
    'task_p99_ms',
    'resume_per_s',
    'audit_append_per_s',
    'audit_verify_per_s',
    'quiet_tenant_p95_ratio',
    'kill_recovery_s',
  ])
    assert.ok(names.includes(name), name);
});
