import { connectionChangeSchema } from '#flow/connection';
import { canonicalJson, FactotumError, isId, type Json, type JsonObject } from '#kernel';
import type { Tx } from '#kernel/database';
import type { ConfigurationChange } from '#trust/history';
import { type Permission, staleness } from '#trust/identity';
import { chooseModel, ownModelSchema } from '#trust/model';
import { loadPolicy, readPolicyVersion, savePolicy } from '#trust/policy';
import { requireMayRefer } from '#trust/secret';
import { ownChangesSchema } from '#trust/tenant';
import type { HttpDeps } from './deps.ts';
import type { Call } from './route.ts';
import { applySettings } from './settings.ts';
import { toolNamesOf } from './tenant-tools.ts';

/** Why what was there before a change cannot be put back. */
export const obstacles = ['operator', 'credentials', 'made', 'deleted', 'stopped', 'unknown'] as const;
export type Obstacle = (typeof obstacles)[number];

type Asking = Pick<Call, 'keys' | 'tenantId' | 'principal' | 'now' | 'inTenant'>;

const ownBefore = ownModelSchema.nullable();
/** What of a connection can be put back. */
const connectionBefore = connectionChangeSchema.pick({ name: true, settings: true });

/** Null for what can be put back. */
export function obstacleTo({ topic, before, after }: ConfigurationChange): Obstacle | null {
  switch (topic) {
    case 'policy':
      return null;
    case 'settings':
      return ownChangesSchema.safeParse(before).success ? null : 'unknown';
    case 'quotas':
      return 'operator';
    case 'model':
      return ownBefore.safeParse(before.own).success ? null : 'unknown';
    case 'connection':
      if (before.state === null) return 'made';
      if (after.state === null) return 'deleted';
      if ('name' in before || 'settings' in before || before.state === 'active' || before.state === 'paused') return null;
      return 'credentials' in before ? 'credentials' : 'stopped';
    default:
      return 'unknown';
  }
}

/** Puts back what was there before a change, by the rules of whoever owns it. */
export function createPutBack({
  plannerModel,
  catalogue,
  connections,
  ownModels,
}: Pick<HttpDeps, 'plannerModel' | 'catalogue' | 'connections' | 'ownModels'>) {
  async function putBackPolicy(tx: Tx, { keys, tenantId, principal, now }: Asking, version: number): Promise<void> {
    const { text } = await readPolicyVersion(tx, keys, tenantId, version);
    const inForce = await loadPolicy(tx, keys, tenantId);
    if (inForce.text === text) return;
    // What an old version speaks of may be there no more.
    const tools = await toolNamesOf(catalogue, tx, keys);
    await savePolicy(tx, keys, tenantId, { text, basedOn: inForce.version, actor: principal.actor, at: now, tools });
  }

  async function putBackModel(call: Asking, before: ConfigurationChange['before']): Promise<void> {
    const { keys, tenantId, principal, now } = call;
    refuseStale(call);
    const own = ownBefore.parse(before.own);
    if (own?.key != null) requireMayRefer(principal);
    if (own !== null) await ownModels.plannerOf(tenantId, own);
    await call.inTenant((tx) => chooseModel(tx, keys, { own, basedOn: null, actor: principal.actor, at: now }));
  }

  async function putBackConnection(call: Asking, { before, after, subject }: ConfigurationChange): Promise<void> {
    const { tenantId, principal } = call;
    refuseStale(call);
    if (subject === null || !isId('connection', subject.id)) throw notHere('unknown');
    const { settings, version } = await connections.get(tenantId, subject.id);
    const by = { actor: principal.actor, basedOn: version, mayRefer: principal.permissions.has('secret:admin') };
    const fields = connectionBefore.parse({
      ...('name' in before && { name: before.name }),
      ...('settings' in before && { settings: putBackInto(settings, before.settings ?? null, after.settings ?? null) }),
    });
    if (Object.keys(fields).length > 0) await connections.change(tenantId, subject.id, fields, by);
    if (before.state === 'paused') await connections.pause(tenantId, subject.id, by);
    if (before.state === 'active') await connections.resume(tenantId, subject.id, by);
  }

  return async (call: Asking, change: ConfigurationChange): Promise<void> => {
    const { topic, before } = change;
    const obstacle = obstacleTo(change);
    if (topic === 'connection') refuseWithout(call, 'connection:admin');
    if (obstacle !== null) throw notHere(obstacle);
    if (topic === 'model') return putBackModel(call, before);
    if (topic === 'connection') return putBackConnection(call, change);
    if (topic === 'policy') {
      refuseWithout(call, 'policy:write');
      return call.inTenant((tx) => putBackPolicy(tx, call, Number(before.version)));
    }
    const changes = ownChangesSchema.parse(before);
    await call.inTenant((tx) => applySettings(tx, call, { changes, version: null, plannerModel }));
  };
}

/** Settings as they are now with those alone put back that a change was about: what others have set since leads where they have said. */
function putBackInto(now: JsonObject, before: Json, after: Json): JsonObject {
  const [was, is] = [isObject(before) ? before : {}, isObject(after) ? after : {}];
  const changed = new Set(
    Object.keys({ ...was, ...is }).filter((name) => canonicalJson(was[name] ?? null) !== canonicalJson(is[name] ?? null)),
  );
  const kept = Object.entries(now).filter(([name]) => !changed.has(name));
  return Object.fromEntries([...kept, ...Object.entries(was).filter(([name]) => changed.has(name))]);
}

const isObject = (value: Json): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

function refuseWithout({ principal }: Asking, permission: Permission): void {
  if (!principal.permissions.has(permission))
    throw new FactotumError('auth.forbidden', `This needs the permission ${permission}.`, { details: { permission } });
}

/** What leads values of secrets elsewhere asks for somebody who has just proved that it is them, whichever way it comes. */
function refuseStale({ principal, now }: Asking): void {
  const stale = staleness(principal, now);
  if (stale !== null) throw stale;
}

const reasons: Record<Obstacle, string> = {
  operator: 'An operator sets this. Ask them.',
  credentials: 'Values of credentials are kept nowhere else. Enter the old one again.',
  made: 'There was nothing before. Delete the connection instead.',
  deleted: 'Its credentials went with it. Make the connection again.',
  stopped: 'It had stopped by itself. There is nothing to go back to.',
  unknown: 'What was there before is not among the settings any more.',
};
/** What is answered where something cannot be put back. */
export const notHere = (obstacle: Obstacle) => new FactotumError('history.not_restorable', reasons[obstacle]);
