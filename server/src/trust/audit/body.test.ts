import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { isFactotumError, type JsonObject, newId } from '#kernel';
import { draft } from '../../../test/audit.ts';
import { type AuditDraft, auditBody, readBody } from './body.ts';
import { type AuditKind, auditKinds } from './kinds.ts';
import { liveMessageOf } from './live.ts';

const tenantId = newId('tenant');
const taskId = newId('task');
// The keys of a const object are its kinds.
const kinds = Object.keys(auditKinds) as AuditKind[];

test('every kind makes an OCSF 1.8.0 event in canonical form with what its class requires', () => {
  const required: Readonly<Record<number, readonly string[]>> = {
    3002: ['user', 'service'],
    3004: ['entity'],
    6003: ['actor', 'api', 'src_endpoint'],
  };
  for (const kind of kinds) {
    const body = auditBody(tenantId, draft({ kind, objectId: taskId, taskId, state: 'done', detail: { steps: 3 } }));
    const event = JSON.parse(body);
    assert.equal(body, canonicalize(event), kind);
    assert.equal(event.type_uid, event.class_uid * 100 + event.activity_id);
    assert.equal(event.category_uid, Math.floor(event.class_uid / 1000));
    assert.equal(event.metadata.version, '1.8.0');
    for (const name of ['time', 'severity_id', 'status_id', 'metadata', ...required[event.class_uid]!])
      assert.ok(name in event, `${kind}: ${name}`);
    assert.ok(Buffer.byteLength(body) < 650, `${kind} takes ${Buffer.byteLength(body)} bytes`);
  }
});

test('what goes into a body is what is read out of it', () => {
  fc.assert(
    fc.property(
      fc.record(
        {
          kind: fc.constantFrom(...kinds),
          actor: fc.constantFrom('user:usr_1', 'key:key_1', 'operator:root', 'connector:mail', 'system:engine'),
          at: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z') }),
          objectId: fc.string({ unit: 'grapheme' }),
          taskId: fc.string(),
          state: fc.string(),
          // Parsers leave the key __proto__ out, as they should; no detail of ours has it.
          detail: fc.dictionary(
            fc.string().filter((key) => key !== '__proto__'),
            fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer(), fc.boolean()),
          ),
        },
        { requiredKeys: ['kind', 'actor', 'at'] },
      ),
      (given) => {
        // fast-check's dictionary is a JSON object.
        const { detail = {}, ...rest } = given as AuditDraft;
        const { kind, actor, at, objectId = null, taskId: task = null, state = null } = rest;
        assert.deepEqual(readBody(tenantId, auditBody(tenantId, given as AuditDraft)), {
          kind,
          actor,
          at,
          objectId,
          taskId: task,
          state,
          detail: JSON.parse(JSON.stringify(detail)),
        });
      },
    ),
  );
});

test('detail that is too long for an entry is replaced by its size and hash', () => {
  const detail: JsonObject = { text: 'é'.repeat(40_000) };
  const read = readBody(tenantId, auditBody(tenantId, draft({ detail })));
  const bytes = Buffer.from(JSON.stringify(detail));
  assert.deepEqual(read?.detail, { omittedBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
  assert.throws(
    () => auditBody(tenantId, draft({ objectId: 'x'.repeat(70_000) })),
    (error) => isFactotumError(error, 'server.fault'),
  );
});

test("another tenant's body, broken JSON and foreign JSON are not read", () => {
  const body = auditBody(tenantId, draft());
  assert.equal(readBody(newId('tenant'), body), null);
  for (const other of ['', 'null', '{}', '[]', body.slice(1), body.replace('"kind"', '"sort"')])
    assert.equal(readBody(tenantId, other), null);
});

test('two entries of the same draft can be told apart', () => {
  assert.notEqual(auditBody(tenantId, draft()), auditBody(tenantId, draft()));
});

test('a failure is a failure to OCSF, by its kind or by its state', () => {
  const statusOf = (over: Partial<AuditDraft>) => JSON.parse(auditBody(tenantId, draft(over))).status_id;
  assert.equal(statusOf({ kind: 'task.failed' }), 2);
  assert.equal(statusOf({ kind: 'step.finished', state: 'failed' }), 2);
  assert.equal(statusOf({ kind: 'step.finished', state: 'done' }), 1);
});

test('changes of state are live under the name of their object, a step under that of its task without saying what the task is', () => {
  const entry = { seq: 7, at: new Date(0), objectId: 'obj', taskId, state: 'done', live: true };
  const messageOf = (kind: AuditKind) => liveMessageOf({ ...entry, kind });
  const at = '1970-01-01T00:00:00.000Z';
  assert.deepEqual(messageOf('step.finished'), { seq: 7, at, kind: 'task', id: taskId, state: null });
  assert.deepEqual(messageOf('task.finished'), { seq: 7, at, kind: 'task', id: taskId, state: 'done' });
  assert.deepEqual(messageOf('approval.decided'), { seq: 7, at, kind: 'approval', id: 'obj', state: 'done' });
  const objectOf = (kind: string) => kind.slice(0, kind.indexOf('.'));
  const told = new Set(kinds.filter((kind) => messageOf(kind) !== null).map(objectOf));
  assert.deepEqual([...told].sort(), [
    'approval',
    'connection',
    'demo',
    'grant',
    'note',
    'policy',
    'quota',
    'schedule',
    'step',
    'task',
    'tenant',
  ]);
  // Of these objects everything is told but who has read them; of a tenant, only what is set for it.
  assert.deepEqual(
    kinds.filter((kind) => told.has(objectOf(kind)) && objectOf(kind) !== 'tenant' && messageOf(kind) === null),
    ['note.history_pruned', 'note.read'],
  );
});
