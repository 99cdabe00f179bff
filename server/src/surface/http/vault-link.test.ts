import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testHttp } from '../../../test/http.ts';

const { send, buildCustomer } = await testHttp();

interface Links {
  readonly generated: boolean;
  readonly links: readonly { readonly target: string; readonly path: string | null; readonly moved: boolean }[];
  readonly backlinks: readonly { readonly path: string; readonly title: string }[];
}

test('a note says where its links lead, also after a move, and which notes link to it', async () => {
  const key = await (await buildCustomer()).key();
  const write = async (path: string, body: string) => {
    const sent = await send(`PUT /api/v1/vault/notes/${encodeURIComponent(path)}`, {
      key,
      body,
      headers: { 'content-type': 'text/markdown' },
    });
    assert.equal(sent.status, 201, await sent.clone().text());
  };
  const linksOf = async (path: string) => {
    const answer = await send(`GET /api/v1/vault/links?path=${encodeURIComponent(path)}`, { key });
    assert.equal(answer.status, 200, await answer.clone().text());
    return (await answer.json()) as Links; // As the route declares.
  };
  await write('Partners/Northwind.md', '# Northwind Traders\n\nTerms: [here](../Terms.md), [[Nobody]].');
  await write('Terms.md', '# Our terms\n');
  await write('Meeting.md', '# Meeting\n\nWith [[Northwind]] about [[Partners/Northwind|them]].');
  await write('Other/Northwind.md', 'Another one. [[Meeting]]');

  const northwind = await linksOf('Partners/Northwind.md');
  assert.deepEqual(
    northwind.links.map(({ target, path, moved }) => [target, path, moved]),
    [
      ['Nobody', null, false],
      ['../Terms.md', 'Terms.md', false],
    ],
  );
  assert.deepEqual(
    northwind.backlinks.map(({ path, title }) => [path, title]),
    [['Meeting.md', 'Meeting']],
  );
  assert.deepEqual(
    (await linksOf('Meeting.md')).backlinks.map(({ path }) => path),
    ['Other/Northwind.md'],
  );

  assert.equal((await send('POST /api/v1/vault/move', { key, json: { from: 'Terms.md', to: 'Legal/Conditions.md' } })).status, 200);
  assert.deepEqual(
    (await linksOf('Partners/Northwind.md')).links.map(({ path, moved }) => [path, moved]),
    [
      [null, false],
      ['Legal/Conditions.md', true],
    ],
  );
  assert.deepEqual((await linksOf('Dashboard.md')).generated, true);
  assert.equal((await send('GET /api/v1/vault/links?path=Nothing.md', { key })).status, 404);
});
