import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '#kernel';
import { examineDatabaseTls } from './database-tls.ts';

const look = (url: string | undefined) => {
  const [finding, ...more] = examineDatabaseTls(readConfig(url === undefined ? {} : { FACTOTUM_DATABASE_URL: url }));
  assert.deepEqual(more, []);
  return finding;
};

test('a database elsewhere without TLS, or whose server proves nothing, is warned of; its password is not shown', () => {
  for (const [url, says] of [
    ['postgres://u:hunter2@db.example/x', /are not encrypted/],
    ['postgres://u:hunter2@db.example/x?sslmode=disable', /are not encrypted/],
    ['postgres://u:hunter2@10.0.0.7:5432/x?sslmode=require', /do not check who answers/],
    ['postgres://u:hunter2@[2001:db8::1]/x?sslmode=no-verify', /do not check who answers/],
  ] as const) {
    const finding = look(url);
    assert.equal(finding?.state, 'warn', url);
    assert.match(finding?.text ?? '', says);
    assert.equal(JSON.stringify(finding).includes('hunter2'), false);
  }
});

test('one that proves its name, one on this machine and the embedded one are well', () => {
  for (const url of [
    'postgres://u:p@db.example/x?sslmode=verify-full&sslrootcert=/ca.pem',
    'postgres://u:p@127.0.0.1:5432/x',
    'postgres://u:p@localhost/x',
    'postgres://u:p@[::1]/x',
    'postgres://u:p@localhost/x?host=/run/postgresql',
  ])
    assert.equal(look(url)?.state, 'ok', url);
  assert.equal(look(undefined), undefined);
});
