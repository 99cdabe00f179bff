import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLogger } from '#kernel';
import { type Database, openDatabase, prepareDatabase } from '#kernel/database';
import { testDatabase } from '../database.ts';
import { testCertificates, testInstallationKey } from '../internal-ca.ts';
import { startPostgres } from './postgres-server.ts';

test("a database of the distribution that speaks TLS alone is prepared and served from, and a renewed client's certificate is taken over", async (t) => {
  // The certificates come from our own authority, which needs a database of its own.
  const { database, close } = await testDatabase();
  const installation = await testInstallationKey();
  const certificates = testCertificates(database.auth, installation);
  const issue = (name: string, dnsNames: string[]) => certificates.issue({ name, dnsNames, days: 1, actor: 'operator:test' });
  const server = await issue('postgres', ['localhost']);
  const { url } = await startPostgres(t, { cert: server.certPem, key: server.keyPem, ca: server.caPem });

  const folder = await mkdtemp(join(tmpdir(), 'factotum-tls-'));
  t.after(() => rm(folder, { recursive: true }));
  const files = { sslrootcert: join(folder, 'ca.pem'), sslcert: join(folder, 'cert.pem'), sslkey: join(folder, 'key.pem') };
  const put = async (path: string, text: string) => {
    await writeFile(`${path}.new`, text, { mode: 0o600 });
    await rename(`${path}.new`, path);
  };
  const client = await certificates.workerEnd('ten_000000000000000000000000' as Parameters<typeof certificates.workerEnd>[0]).current();
  await put(files.sslrootcert, server.caPem);
  await put(files.sslcert, client.cert);
  await put(files.sslkey, client.key);
  const withTls = (host: string) => {
    const made = new URL(url);
    made.hostname = host;
    for (const [name, value] of Object.entries({ sslmode: 'verify-full', ...files })) made.searchParams.set(name, value);
    return made.href;
  };
  const prepare = (ownerUrl: string) => prepareDatabase(ownerUrl, { passwordsFile: join(folder, 'passwords.json') });
  await assert.rejects(prepare(withTls('127.0.0.1')), 'the certificate does not name the address');
  const urls = await prepare(withTls('localhost'));
  assert.match(urls.app, /sslmode=verify-full/, 'the logins of the roles go the same way');

  const open = () => openDatabase(urls, { log: createLogger({ level: 'silent' }) });
  const protocolOf = async ({ app }: Database) =>
    (
      await app.pool.query<{ version: string; serial: string | null }>(
        'select version, client_serial::text as serial from pg_stat_ssl where pid = pg_backend_pid()',
      )
    ).rows[0];
  const one = open();
  const before = await protocolOf(one);
  assert.equal(before?.version, 'TLSv1.3');
  // A new pair lies there: connections that are made from now on show it, without a restart.
  const renewed = await testCertificates(database.auth, installation)
    .workerEnd('ten_000000000000000000000001' as Parameters<typeof certificates.workerEnd>[0])
    .current();
  await put(files.sslcert, renewed.cert);
  await put(files.sslkey, renewed.key);
  const held = await one.app.pool.connect();
  const after = await protocolOf(one);
  held.release();
  assert.equal(after?.version, 'TLSv1.3');
  assert.notEqual(after?.serial, before?.serial);
  await one.close();
  await close();
});
