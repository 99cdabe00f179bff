import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testHttp } from '../../../test/http.ts';

const { send, buildCustomer } = await testHttp();
test('smoke', async () => {
  const one = await buildCustomer();
  const key = await one.key();
  for (const line of [
    'GET /livez',
    'GET /readyz',
    'GET /api/v1/me',
    'GET /api/v1/tasks',
    'GET /api/v1/approvals',
    'GET /api/v1/vault/notes',
    'GET /api/v1/vault/notes/Company_Handbook.md',
    'GET /api/v1/audit/entries',
    'GET /api/v1/audit/log/checkpoint',
    'GET /api/v1/audit/entries/0/proof',
    'POST /api/v1/audit/verify',
    'GET /api/v1/openapi.json',
    'GET /nothing',
    'PATCH /api/v1/tasks',
    'GET /api/v1/tasks/tsk_1',
  ] as const) {
    const response = await send(line, { key });
    console.log(line, response.status, (await response.text()).slice(0, 300));
  }
  const e = await send('POST /api/v1/events', { key, json: { source: 'test', kind: 'a.b', externalId: '1', payload: { a: 1 } } });
  console.log(e.status, await e.text());
  console.log(e.headers);
});
