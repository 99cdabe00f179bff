import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { chmod, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Clock, createLogger, isFactotumError, newId, systemClock } from '#kernel';
import { testDatabase } from '../../../test/database.ts';
import { testCertificates, testInstallationKey } from '../../../test/internal-ca.ts';
import { createFileEnd } from './files.ts';

const { database, close } = await testDatabase();
after(close);
const { auth } = database;
const installation = await testInstallationKey();
const certificates = testCertificates(auth, installation);
const log = createLogger({ level: 'silent' });
const hourMs = 3_600_000;

/** The real time, and as much more as a test wants. */
function movingClock(): Clock & { aheadMs: number } {
  return {
    aheadMs: 0,
    now() {
      return new Date(systemClock.now().getTime() + this.aheadMs);
    },
    monotonicMs() {
      return systemClock.monotonicMs() + this.aheadMs;
    },
  };
}
const leafOf = async (end: { current(): Promise<{ cert: string }> }) => new X509Certificate((await end.current()).cert);

test('of processes that start at once one makes the root, and all have the same', async () => {
  const processes = Array.from({ length: 4 }, () => testCertificates(auth, installation));
  const found = await Promise.all(processes.map((one) => one.status()));
  assert.equal(new Set(found.map(({ caPem }) => caPem)).size, 1);
  const { rows } = await auth.pool.query('select from "certificateAuthority"');
  assert.equal(rows.length, 1);
});

test('the root signs leaves alone, of this installation alone, and its key lies sealed', async () => {
  const { caPem, trustDomain, authorities } = await certificates.status();
  const root = new X509Certificate(caPem);
  assert.equal(root.ca, true);
  assert.match(trustDomain, /^factotum\.[0-9a-f]{24}$/);
  assert.equal(root.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
  const { rows } = await auth.pool.query<{ sealedKey: Buffer }>('select "sealedKey" from "certificateAuthority"');
  const sealed = rows[0]?.sealedKey ?? assert.fail();
  // An unsealed PKCS #8 key would name its algorithm (id-ecPublicKey).
  assert.equal(sealed.includes(Buffer.from('2a8648ce3d0201', 'hex')), false);
  assert.throws(() => installation.open('certificate-authority/another', sealed));
  assert.equal(
    installation.open(`certificate-authority/${authorities[0]?.id}`, sealed).includes(Buffer.from('2a8648ce3d0201', 'hex')),
    true,
  );
});

test('a leaf is good for a day, was valid five minutes before it was made, and names its holder alone', async (t) => {
  const tenantId = newId('tenant');
  const startedAt = performance.now();
  const leaf = await leafOf(certificates.workerEnd(tenantId));
  t.diagnostic(`a leaf was issued and written down in ${(performance.now() - startedAt).toFixed(1)} ms`);
  const { trustDomain, caPem, issued } = await certificates.status();
  assert.match(leaf.subjectAltName ?? '', new RegExp(`^URI:spiffe://${trustDomain}/tenant/${tenantId}/worker/wrk_[0-9a-f]{24}$`));
  const fromNow = (date: Date) => (date.getTime() - Date.now()) / hourMs;
  assert.ok(Math.abs(fromNow(leaf.validToDate) - 24) < 0.05, leaf.validTo);
  assert.ok(Math.abs(fromNow(leaf.validFromDate) + 5 / 60) < 0.05, leaf.validFrom);
  assert.ok(leaf.verify(new X509Certificate(caPem).publicKey));
  assert.equal(leaf.ca, false);
  assert.deepEqual(leaf.keyUsage, ['1.3.6.1.5.5.7.3.2']);
  assert.ok(issued.some(({ serial, subject }) => serial === leaf.serialNumber.toLowerCase() && subject.includes(tenantId)));
});

test('a leaf is kept until half of its life is over, and then replaced without anybody waiting', async () => {
  const clock = movingClock();
  const end = testCertificates(auth, installation, { clock }).workerEnd(newId('tenant'));
  const first = await end.current();
  assert.equal(await end.current(), first);
  clock.aheadMs = 10 * hourMs;
  assert.equal(await end.current(), first);
  clock.aheadMs = 13.5 * hourMs;
  await until(async () => (await end.current()) !== first);
});

test('a rotation puts the new root to work only when everybody has read it, and keeps the old one as long as its leaves', async () => {
  const clock = movingClock();
  const mine = testCertificates(auth, installation, { clock });
  const before = await mine.status();
  const begunAt = clock.now().getTime();
  const { id, signsFrom } = await mine.rotate({ actor: 'operator:test' });
  const roots = (await mine.status()).authorities;
  assert.deepEqual(
    roots.map((root) => [root.id, root.state]),
    [
      [id, 'active'],
      [before.authorities[0]?.id, 'retired'],
    ],
  );
  assert.ok(signsFrom.getTime() - begunAt >= 120_000);
  const [oldRoot, newRoot] = [new X509Certificate(before.caPem), new X509Certificate((await mine.status()).caPem)];
  assert.ok((await leafOf(mine.toolsEnd())).verify(oldRoot.publicKey), 'the old root goes on for now');
  clock.aheadMs = 130_000;
  assert.ok((await leafOf(mine.toolsEnd())).verify(newRoot.publicKey));
  assert.equal((await mine.toolsEnd().current()).ca.length, 2, 'both are trusted');
  // A test above has made a leaf with a clock 13.5 hours ahead.
  clock.aheadMs = 39 * hourMs;
  assert.deepEqual(
    (await mine.status()).authorities.map((root) => root.id),
    [id],
  );
});

test('two operators who rotate at once leave one root that signs', async () => {
  await Promise.all([certificates.rotate({ actor: 'operator:a' }), testCertificates(auth, installation).rotate({ actor: 'operator:b' })]);
  const { authorities } = await certificates.status();
  assert.equal(authorities.filter(({ state }) => state === 'active').length, 1);
});

test('after a root that somebody may have was ended, its leaves are refused and replaced at once', async () => {
  const timing = { pollMs: 0 };
  const [one, other] = [testCertificates(auth, installation, { timing }), testCertificates(auth, installation, { timing })];
  const [server, worker] = [one.toolsEnd(), other.workerEnd(newId('tenant'))];
  await server.current();
  const old = await leafOf(worker);
  assert.equal(server.admit(old).kind, 'admitted');
  await other.rotate({ actor: 'operator:test', endOld: true });
  await server.current();
  assert.deepEqual(server.admit(old), { kind: 'refused', reason: 'its root is not trusted any more' });
  const renewed = await leafOf(worker);
  assert.equal(server.admit(renewed).kind, 'admitted');
});

test('a revoked leaf is refused by every process, and replaced by whose it was', async () => {
  const timing = { pollMs: 0 };
  const [one, other] = [testCertificates(auth, installation, { timing }), testCertificates(auth, installation, { timing })];
  const [server, worker] = [one.toolsEnd(), other.workerEnd(newId('tenant'))];
  const stolen = await leafOf(worker);
  const serial = stolen.serialNumber.toLowerCase();
  assert.match((await certificates.revoke(serial, 'operator:test')) ?? '', /\/worker\//);
  assert.equal(await certificates.revoke(serial, 'operator:test'), null, 'once');
  await server.current();
  assert.deepEqual(server.admit(stolen), { kind: 'refused', reason: 'it was revoked' });
  assert.notEqual((await leafOf(worker)).serialNumber, stolen.serialNumber);
});

test('a process with another installation.key says what to do, instead of making a second authority', async () => {
  const stranger = testCertificates(auth, await testInstallationKey());
  await assert.rejects(
    stranger.toolsEnd().current(),
    (error) => isFactotumError(error, 'certificate.invalid') && /installation\.key/.test(error.message),
  );
});

test("an operator's server gets a certificate with its host names, and no name that is none", async () => {
  const issued = await certificates.issue({ name: 'crm', dnsNames: ['crm.internal'], days: 30, actor: 'operator:test' });
  const leaf = new X509Certificate(issued.certPem);
  assert.match(leaf.subjectAltName ?? '', /^URI:spiffe:\/\/factotum\.[0-9a-f]{24}\/server\/crm, DNS:crm\.internal$/);
  assert.equal(leaf.checkHost('crm.internal'), 'crm.internal');
  for (const wrong of [{ name: '../role/tools' }, { name: 'Crm' }, { name: '' }, { dnsNames: ['*.internal'] }, { dnsNames: ['a b'] }])
    await assert.rejects(
      certificates.issue({ name: 'crm', dnsNames: [], days: 1, actor: 'operator:test', ...wrong }),
      (error) => isFactotumError(error, 'certificate.invalid'),
      JSON.stringify(wrong),
    );
});

test('while the database is away what is known goes on', async () => {
  let isAway = false;
  const failing = {
    ...auth,
    pool: new Proxy(auth.pool, { get: (pool, name) => (isAway ? () => Promise.reject(new Error('away')) : Reflect.get(pool, name, pool)) }),
  };
  const end = testCertificates(failing, installation, { timing: { pollMs: 0 } }).workerEnd(newId('tenant'));
  const first = await end.current();
  isAway = true;
  assert.equal(await end.current(), first);
});

test('certificates in files are taken over when they change, and only when they fit together', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'factotum-files-'));
  t.after(() => rm(folder, { recursive: true }));
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem'), ca: join(folder, 'ca.pem') };
  const put = async (path: string, text: string, mode = 0o600) => {
    await writeFile(`${path}.new`, text, { mode });
    await rename(`${path}.new`, path);
  };
  const issue = () => certificates.issue({ name: 'tools', dnsNames: ['tools.internal'], days: 1, actor: 'operator:test' });
  const [one, two] = [await issue(), await issue()];
  const endOf = () => createFileEnd(files, { clients: ['crm.internal'], clock: systemClock, log, everyMs: 0 });
  await assert.rejects(endOf().current(), (error) => isFactotumError(error, 'certificate.invalid'));
  await put(files.cert, one.certPem);
  await put(files.key, one.keyPem);
  await put(files.ca, one.caPem);
  const end = endOf();
  const first = await end.current();
  assert.equal(await end.current(), first);
  await put(files.cert, two.certPem);
  assert.equal(await end.current(), first, 'the key does not fit yet');
  await put(files.key, two.keyPem);
  assert.equal((await end.current()).cert, two.certPem);
  await chmod(files.key, 0o604);
  await assert.rejects(endOf().current(), /may be read by everybody/);
  const crm = await certificates.issue({ name: 'crm', dnsNames: ['crm.internal'], days: 1, actor: 'operator:test' });
  assert.equal(end.admit(new X509Certificate(crm.certPem)).kind, 'admitted');
  assert.equal(end.admit(new X509Certificate(one.certPem)).kind, 'refused');
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; Date.now() < end; ) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail('it never came');
}
