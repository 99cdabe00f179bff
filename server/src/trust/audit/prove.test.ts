import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import {
  decodeEntryBundle,
  encodeProof,
  hashLeaf,
  openCheckpoint,
  parseVerifierKey,
  tilePath,
  tilesFromLeaves,
  tileWidth,
  treeRoot,
  verifyInclusion,
  verifyProof,
} from '@factotum/tlog';
import { isFactotumError } from '#kernel';
import { withTenant } from '#kernel/database';
import { asIntruder, auditSetup } from '../../../test/audit.ts';
import { testDatabase } from '../../../test/database.ts';
import { exportLog } from './export.ts';
import { entryProof, tile } from './prove.ts';
import { listEntries, publicHead } from './read.ts';

const { database, ownerUrl, close } = await testDatabase();
const setup = await auditSetup(database);
const folder = await mkdtemp(join(tmpdir(), 'factotum-prove-'));
after(async () => {
  await setup.close();
  await close();
  await rm(folder, { recursive: true });
});

// Three full tiles and a partial one, in batches that end before, at and beyond a tile's end.
const batches = [1, 254, 1, 1, 300, 211, 3];
const size = batches.reduce((sum, count) => sum + count);
const tenantId = await setup.buildTenant();
const sequencer = setup.createSequencer();
let number = 0;
for (const count of batches) {
  await setup.record(tenantId, ...Array.from({ length: count }, () => ({ objectId: String(number++), taskId: `task ${number % 10}` })));
  await sequencer.drained();
}
const inTenant = <R>(work: Parameters<typeof withTenant<R>>[2]) => withTenant(database.app.db, tenantId, work);
const head = (await inTenant((tx) => publicHead(tx, tenantId)))!;
const verifierKey = parseVerifierKey(head.verifierKey);
const factotumVerify = (...args: string[]) =>
  promisify(execFile)(process.execPath, [join(import.meta.dirname, '../../../../packages/tlog/src/verify-command.ts'), ...args]);

test('every entry is proven to be in the signed tree', async () => {
  assert.equal(head.size, size);
  for (const seq of [0, 1, 254, 255, 256, 257, 511, 512, 767, 768, size - 1]) {
    const proof = (await inTenant((tx) => entryProof(tx, tenantId, seq)))!;
    const { root } = openCheckpoint(proof.checkpoint, [verifierKey]);
    assert.ok(verifyInclusion({ index: seq, size, leafHash: proof.leafHash, proof: proof.hashes, root }));
    const { checkpoint } = verifyProof(encodeProof(proof), Buffer.from(proof.body), [verifierKey]);
    assert.deepEqual([checkpoint.origin, JSON.parse(proof.body).unmapped.factotum.object], [`factotum/${tenantId}`, String(seq)]);
  }
  assert.equal(await inTenant((tx) => entryProof(tx, tenantId, size)), null);
});

test('the tiles that are served lead to the signed root, and their bundles hold what was hashed', async () => {
  const readTile = async (level: number | 'entries', index: number, width: number) =>
    inTenant((tx) => tile(tx, tenantId, level === 'entries' ? tilePath({ level, index, width }) : tilePath({ level, index, width })));
  const leaves: Buffer[] = [];
  for (let start = 0; start < size; start += tileWidth) {
    const [index, width] = [start / tileWidth, Math.min(tileWidth, size - start)];
    const bodies = decodeEntryBundle((await readTile('entries', index, width))!);
    leaves.push(...bodies.map(hashLeaf));
    assert.deepEqual(await readTile(0, index, width), Buffer.concat(leaves.slice(start)));
  }
  const { root } = openCheckpoint(head.checkpoint, [verifierKey]);
  const fromLeaves = tilesFromLeaves(async (start, end) => Buffer.concat(leaves.slice(start, end)));
  assert.deepEqual(await treeRoot(fromLeaves, size), root);
  assert.deepEqual(await treeRoot(async ({ level, index, width }) => (await readTile(level, index, width))!, size), root);
  assert.deepEqual(await readTile(1, 0, 3), await fromLeaves({ level: 1, index: 0, width: 3 }));
  assert.deepEqual(await readTile(0, 1, 17), Buffer.concat(leaves.slice(256, 256 + 17)));
});

test('what the log has not reached, and what is no tile, is not served', async () => {
  for (const path of [
    'tile/0/003',
    'tile/0/003.p/4',
    'tile/1/000',
    'tile/1/000.p/4',
    'tile/2/000.p/1',
    'tile/entries/004',
    'tile/0/3',
    '../x',
    'checkpoint',
  ])
    assert.equal(await inTenant((tx) => tile(tx, tenantId, path)), null, path);
});

test('pages go both ways, by task as well, and none is skipped between them', async () => {
  const page = (query: Omit<Parameters<typeof listEntries>[1], 'tenantId'>) =>
    inTenant((tx) => listEntries(tx, { tenantId, ...query })).then((entries) => entries.map(({ seq }) => seq));
  assert.deepEqual(await page({ limit: 3 }), [size - 1, size - 2, size - 3]);
  assert.deepEqual(await page({ limit: 3, beforeSeq: 2 }), [1, 0]);
  assert.deepEqual(await page({ limit: 3, afterSeq: -1 }), [0, 1, 2]);
  assert.deepEqual(await page({ limit: 9, afterSeq: 5, beforeSeq: 9 }), [6, 7, 8]);
  assert.deepEqual(await page({ limit: 3, afterSeq: 100, taskId: 'task 1' }), [110, 120, 130]);
  assert.deepEqual(await page({ limit: 5, afterSeq: size - 1 }), []);
});

test('an exported file and a proof convince the offline verifier, with the first MAC key from the auditor', async () => {
  const lines: string[] = [];
  for await (const chunk of exportLog(database.app.db, tenantId)) lines.push(chunk);
  const file = join(folder, 'export.jsonl');
  await writeFile(file, lines.join(''));
  const { auditorMacKey } = await inTenant((tx) => tx.selectFrom('auditHead').select('auditorMacKey').executeTakeFirstOrThrow());
  const macKey = setup.auditorKey.openAsAuditor(tenantId, auditorMacKey).toString('hex');
  const answer = JSON.parse((await factotumVerify(file, '--key', head.verifierKey, '--mac-key', macKey, '--json')).stdout);
  assert.deepEqual([answer.holds, answer.entries, answer.areMacsChecked, answer.isKeyGiven], [true, size, true, true]);

  await writeFile(file, lines.join('').replace('\\"object\\":\\"700\\"', '\\"object\\":\\"707\\"'));
  await assert.rejects(factotumVerify(file, '--key', head.verifierKey), { code: 1 });

  const proof = (await inTenant((tx) => entryProof(tx, tenantId, 300)))!;
  await writeFile(join(folder, 'entry.tlog-proof'), encodeProof(proof));
  await writeFile(join(folder, 'entry.json'), proof.body);
  await factotumVerify(join(folder, 'entry.tlog-proof'), '--entry', join(folder, 'entry.json'), '--key', head.verifierKey);
});

test('what was tampered with in the database is not handed out as proven', async () => {
  await asIntruder(ownerUrl, (client) =>
    client.query(`update app.audit_tile set hashes = overlay(hashes placing sha256('x') from 1) where tenant_id = $1 and index = 1`, [
      tenantId,
    ]),
  );
  await assert.rejects(
    inTenant((tx) => entryProof(tx, tenantId, 300)),
    (error) => isFactotumError(error, 'audit.broken'),
  );
  await asIntruder(ownerUrl, (client) => client.query('delete from app.audit_tile where tenant_id = $1 and index = 0', [tenantId]));
  await assert.rejects(
    inTenant((tx) => entryProof(tx, tenantId, 700)),
    (error) => isFactotumError(error, 'audit.broken'),
  );
});
