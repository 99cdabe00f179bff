import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, test } from 'node:test';
import {
  appendLeaf,
  chainGenesis,
  createFrontier,
  createSigner,
  encodeFrontier,
  frontierRoot,
  hashLeaf,
  macEntry,
  nextChain,
  nextMacKey,
  type Signer,
  signCheckpoint,
} from '@factotum/tlog';
import type pg from 'pg';
import { type Clock, FactotumError, type Id, isFactotumError, newId, systemClock } from '#kernel';
import { withTenant } from '#kernel/database';
import { asIntruder, auditSetup } from '../../../test/audit.ts';
import { testDatabase } from '../../../test/database.ts';
import { openSigner, originOf, sealMacKey } from './log-keys.ts';
import { publicHead } from './read.ts';
import { findHead } from './store.ts';
import { type VerifyOptions, verifyTenantLog } from './verify-log.ts';

const { database, ownerUrl, close } = await testDatabase();
const setup = await auditSetup(database);
after(async () => {
  await setup.close();
  await close();
});
const { auditorKey, keyring } = setup;

const perDay = 4;
const days = 5;

/** Five days of four entries, each day with a MAC key of its own, and a checkpoint that was kept elsewhere after each day. */
async function buildLog() {
  const tenantId = await setup.buildTenant();
  const kept: string[] = [];
  for (let day = 1; day <= days; day += 1) {
    const clock: Clock = { ...systemClock, now: () => new Date(`2030-01-0${day}T12:00:00.000Z`) };
    await setup.record(tenantId, ...Array.from({ length: perDay }, (_, index) => ({ objectId: `day ${day} entry ${index}` })));
    await setup.createSequencer({ clock }).drained();
    const head = await withTenant(database.app.db, tenantId, (tx) => publicHead(tx, tenantId));
    kept.push(head!.checkpoint);
  }
  return { tenantId, kept };
}

const verify = (tenantId: Id<'tenant'>, options: VerifyOptions = { auditorKey }) => verifyTenantLog(database, keyring, tenantId, options);
const faultOf = async (...call: Parameters<typeof verify>) => {
  const { holds, fault } = await verify(...call);
  assert.equal(holds, fault === null);
  return fault && [fault.code, fault.index];
};
const intrude = (work: (client: pg.Client) => Promise<unknown>) => asIntruder(ownerUrl, work);

interface Row {
  body: string;
  epoch: number;
  chain: Buffer;
  mac: Buffer;
}

/**
 * Writes the log anew, with chain, tree and head as they belong, as a forger would who has what is given: a MAC key by epoch, and
 * perhaps the key that signs.
 */
async function rewrite(
  tenantId: Id<'tenant'>,
  change: (rows: Row[]) => Row[],
  has: { macKey: (epoch: number) => Buffer; signer?: Signer },
) {
  await intrude(async (client) => {
    const { rows } = await client.query<Row>('select body, epoch, chain, mac from app.audit_entry where tenant_id = $1 order by seq', [
      tenantId,
    ]);
    await client.query('delete from app.audit_entry where tenant_id = $1', [tenantId]);
    const frontier = createFrontier();
    let chain = chainGenesis(originOf(tenantId));
    const forged = change(rows);
    for (const [seq, { body, epoch }] of forged.entries()) {
      const leaf = hashLeaf(Buffer.from(body));
      chain = nextChain(chain, leaf);
      appendLeaf(frontier, leaf);
      // What comes before the change keeps the MACs it had.
      const mac = rows[seq]?.chain.equals(chain) ? rows[seq].mac : macEntry(has.macKey(epoch), chain);
      await client.query(
        `insert into app.audit_entry (tenant_id, seq, at, kind, live, body, chain, mac, epoch) values ($1, $2, now(), 'task.created', true, $3, $4, $5, $6)`,
        [tenantId, seq, body, chain, mac, epoch],
      );
    }
    const size = forged.length;
    await client.query('update app.audit_head set size = $2, chain = $3, frontier = $4, epoch = $5 where tenant_id = $1', [
      tenantId,
      size,
      chain,
      encodeFrontier(frontier),
      forged.at(-1)!.epoch,
    ]);
    if (has.signer) {
      const checkpoint = signCheckpoint(has.signer, { origin: originOf(tenantId), size, root: frontierRoot(frontier) });
      await client.query('update app.audit_head set checkpoint = $2, mac_key = $3 where tenant_id = $1', [
        tenantId,
        checkpoint,
        sealMacKey(await keyring.of(tenantId), forged.at(-1)!.epoch, has.macKey(forged.at(-1)!.epoch)),
      ]);
    }
  });
}

/** All that lies on the server on the last day, KEK included: the signing key and the MAC key of that day, none of an earlier one. */
async function stolenKeys(tenantId: Id<'tenant'>) {
  const keys = await keyring.of(tenantId);
  const head = await withTenant(database.app.db, tenantId, (tx) => findHead(tx, tenantId));
  let macKey = auditorKey.openAsAuditor(tenantId, head!.auditorMacKey);
  for (let epoch = 0; epoch < head!.epoch; epoch += 1) macKey = nextMacKey(macKey);
  return { signer: openSigner(keys, head!.signingKey), macKey: () => macKey };
}

test('an untouched log holds, and the report says what that means', async () => {
  const { tenantId, kept } = await buildLog();
  const report = await verify(tenantId, { auditorKey, checkpoints: kept });
  assert.deepEqual([report.holds, report.fault, report.entries, report.epochs, report.macsChecked], [true, null, 20, 5, 'all']);
  assert.equal(report.checkpointAt.toISOString(), '2030-01-05T12:00:00.000Z');
  assert.equal((await verify(tenantId, {})).macsChecked, 'present epoch');
  const away = {
    openAsAuditor: () => {
      throw new FactotumError('key.unavailable', 'kept by the auditor');
    },
  };
  assert.equal((await verify(tenantId, { auditorKey: away })).macsChecked, 'present epoch');
  const empty = await verify(await setup.buildTenant());
  assert.deepEqual([empty.holds, empty.entries, empty.epochs], [true, 0, 0]);
  await assert.rejects(
    verify(newId('tenant')),
    (error) => isFactotumError(error) && ['tenant.not_found', 'key.unavailable'].includes(error.code),
  );
});

test('entries that arrive during the check do not disturb it', async () => {
  const { tenantId } = await buildLog();
  const sequencer = setup.createSequencer();
  const checks = Array.from({ length: 10 }, async () => {
    await setup.record(tenantId, {}, {});
    await sequencer.drained();
    return faultOf(tenantId);
  });
  assert.deepEqual(
    await Promise.all(checks),
    Array.from({ length: 10 }, () => null),
  );
});

const edits: readonly (readonly [promise: string, sql: string, fault: [string, number]])[] = [
  ['an edited body', `update app.audit_entry set body = replace(body, 'entry', 'Entry') where tenant_id = $1 and seq = 9`, ['chain', 9]],
  ['a deleted row', 'delete from app.audit_entry where tenant_id = $1 and seq = 6', ['position', 6]],
  ['a deleted first row', 'delete from app.audit_entry where tenant_id = $1 and seq = 0', ['position', 0]],
  ['a whole day deleted', 'delete from app.audit_entry where tenant_id = $1 and epoch = 2', ['position', 8]],
  ['a tail cut off', 'delete from app.audit_entry where tenant_id = $1 and seq >= 17', ['cut', 17]],
  ['everything deleted', 'delete from app.audit_entry where tenant_id = $1', ['cut', 0]],
  [
    'two bodies exchanged',
    `update app.audit_entry entry set body = other.body from app.audit_entry other
      where entry.tenant_id = $1 and other.tenant_id = $1 and (entry.seq, other.seq) in ((10, 11), (11, 10))`,
    ['chain', 10],
  ],
  [
    'two rows exchanged',
    `update app.audit_entry entry set body = other.body, chain = other.chain, mac = other.mac from app.audit_entry other
      where entry.tenant_id = $1 and other.tenant_id = $1 and (entry.seq, other.seq) in ((10, 11), (11, 10))`,
    ['chain', 10],
  ],
  ['a changed MAC', `update app.audit_entry set mac = sha256('x') where tenant_id = $1 and seq = 3`, ['mac', 3]],
  ['an entry moved to another day', 'update app.audit_entry set epoch = 2 where tenant_id = $1 and seq = 12', ['mac', 12]],
  ['a day renumbered', 'update app.audit_entry set epoch = epoch + 1 where tenant_id = $1 and epoch >= 3', ['epoch', 12]],
  [
    'an entry added behind the head',
    `insert into app.audit_entry select tenant_id, 20, at, kind, object_id, task_id, state, live, body, chain, mac, epoch from app.audit_entry where tenant_id = $1 and seq = 19`,
    ['uncovered', 20],
  ],
];

for (const [promise, statement, fault] of edits) {
  test(`${promise} is found, and the first bad entry is named`, async () => {
    const { tenantId } = await buildLog();
    await intrude((client) => client.query(statement, [tenantId]));
    assert.deepEqual(await faultOf(tenantId), fault);
  });
}

test('a changed head is found', async () => {
  const { tenantId } = await buildLog();
  const changes = [
    'size = 19',
    `chain = sha256('x')`,
    'epoch = 3',
    `origin = 'factotum/other'`,
    `checkpoint = replace(checkpoint, chr(10) || '20' || chr(10), chr(10) || '21' || chr(10))`,
    'mac_key = signing_key',
    'auditor_mac_key = signing_key',
    'signing_key = mac_key',
  ];
  for (const change of changes) {
    await intrude(async (client) => {
      await client.query('create table app.kept as select * from app.audit_head where tenant_id = $1', [tenantId]);
      await client.query(`update app.audit_head set ${change} where tenant_id = $1`, [tenantId]);
    });
    assert.deepEqual(await faultOf(tenantId), ['header', null], change);
    await intrude(async (client) => {
      await client.query('delete from app.audit_head where tenant_id = $1', [tenantId]);
      await client.query('insert into app.audit_head select * from app.kept');
      await client.query('drop table app.kept');
    });
  }
  assert.equal(await faultOf(tenantId), null);
});

test('a log that somebody signed with a key of their own is found, although the table names that key', async () => {
  const { tenantId } = await buildLog();
  const signer = createSigner({ name: originOf(tenantId), privateKey: generateKeyPairSync('ed25519').privateKey });
  await rewrite(tenantId, (rows) => rows.with(5, { ...rows[5]!, body: '{}' }), { macKey: () => Buffer.alloc(32), signer });
  await intrude((client) =>
    client.query('update app.audit_head set verifier_key = $2 where tenant_id = $1', [tenantId, signer.verifierKeyText]),
  );
  assert.deepEqual(await faultOf(tenantId), ['header', null]);
});

test('an edit with chain and tree made anew is found by the MAC, and without the first key by what was signed', async () => {
  const { tenantId, kept } = await buildLog();
  await rewrite(tenantId, (rows) => rows.with(9, { ...rows[9]!, body: '{}' }), { macKey: () => Buffer.alloc(32) });
  assert.deepEqual(await faultOf(tenantId), ['mac', 9]);
  assert.deepEqual(await faultOf(tenantId, { checkpoints: kept }), ['root', 8]);
});

test('with every key of the server in their hands, nobody can forge an earlier day: its first entry is named', async () => {
  const { tenantId, kept } = await buildLog();
  const stolen = await stolenKeys(tenantId);
  await rewrite(tenantId, (rows) => rows.with(9, { ...rows[9]!, body: '{}' }), stolen);
  assert.deepEqual(await faultOf(tenantId), ['mac', 9]);
  assert.deepEqual(await faultOf(tenantId, { checkpoints: kept }), ['root', 8]);
});

test('with every key of the server in their hands, nobody can take out a whole day', async () => {
  const { tenantId, kept } = await buildLog();
  const stolen = await stolenKeys(tenantId);
  await rewrite(
    tenantId,
    (rows) => rows.filter(({ epoch }) => epoch !== 2).map((row) => ({ ...row, epoch: row.epoch > 2 ? row.epoch - 1 : row.epoch })),
    stolen,
  );
  assert.deepEqual(await faultOf(tenantId), ['mac', 8]);
  assert.deepEqual(await faultOf(tenantId, { checkpoints: kept }), ['root', 8]);
});

test('a database put back to yesterday is found by a checkpoint that was kept elsewhere', async () => {
  const { tenantId, kept } = await buildLog();
  await intrude((client) => client.query('create table app.yesterday as select * from app.audit_head where tenant_id = $1', [tenantId]));
  await setup.record(tenantId, {}, {}, {});
  await setup.createSequencer({ clock: { ...systemClock, now: () => new Date('2030-01-05T13:00:00.000Z') } }).drained();
  const latest = (await withTenant(database.app.db, tenantId, (tx) => publicHead(tx, tenantId)))!.checkpoint;
  await intrude(async (client) => {
    await client.query('delete from app.audit_entry where tenant_id = $1 and seq >= 20', [tenantId]);
    await client.query('delete from app.audit_head where tenant_id = $1', [tenantId]);
    await client.query('insert into app.audit_head select * from app.yesterday');
  });
  assert.equal(await faultOf(tenantId, { auditorKey, checkpoints: kept }), null);
  assert.deepEqual(await faultOf(tenantId, { auditorKey, checkpoints: [...kept, latest] }), ['cut', 20]);
});
