import { FactotumError, isFactotumError, type JsonObject } from '#kernel';
import type { Tx } from '#kernel/database';
import { recordAudit } from '#trust/audit';
import { differenceOf, type PersonalTopic, recordChange, withParts } from '#trust/history';
import type { ObjectRef, TenantKeys } from '#trust/key';
import { readTenant } from '#trust/tenant';
import { defaultRules, planFor, type Rules, rulesSchema } from './rules.ts';
import {
  findPerson,
  lockPerson,
  nextDue,
  type Owner,
  type PersonRow,
  updateNotices,
  updatePerson,
  waitingNotices,
  wakePeople,
} from './store.ts';

/** What still waits of one person at most; what is beyond stays as it was planned. */
const waitingMax = 1_000;

/** The rules of somebody's row; those of everybody where they have said nothing, or where what they said cannot be read any more. */
export function rulesOf(keys: TenantKeys, row: Pick<PersonRow, 'userId' | 'body'> | undefined): Rules {
  if (row?.body == null) return defaultRules;
  try {
    return keys.openJson(refOf(row.userId), row.body, rulesSchema);
  } catch (error) {
    // One broken row is no reason to tell nobody of the tenant anything.
    if (isFactotumError(error, 'seal.broken')) return defaultRules;
    throw error;
  }
}

export async function readRules(tx: Tx, keys: TenantKeys, owner: Owner): Promise<Rules> {
  return rulesOf(keys, await findPerson(tx, owner));
}

/** Changes what somebody is told of; what waits already follows. What was changed is kept and audited. */
export const saveRules = (tx: Tx, keys: TenantKeys, owner: Owner, { rules, now }: { rules: Rules; now: Date }): Promise<void> =>
  changeRules(tx, keys, owner, { rulesAfter: () => rules, now });

/** Puts parts of the rules back as they were; all else stays. @throws FactotumError `history.not_restorable` where there are no such rules any more. */
export const restoreRules = (tx: Tx, keys: TenantKeys, owner: Owner, { parts, now }: { parts: JsonObject; now: Date }): Promise<void> =>
  changeRules(tx, keys, owner, { rulesAfter: (rules) => withRestored(rules, parts), now });

/** Whether parts of older rules can be put into those of today. */
export const areRestorable = (parts: JsonObject): boolean => rulesSchema.safeParse(withParts(defaultRules, parts)).success;

function withRestored(rules: Rules, parts: JsonObject): Rules {
  const restored = rulesSchema.safeParse(withParts(rules, parts));
  if (!restored.success) throw new FactotumError('history.not_restorable', 'What was there before is not among the rules any more.');
  return restored.data;
}

async function changeRules(
  tx: Tx,
  keys: TenantKeys,
  owner: Owner,
  { rulesAfter, now }: { rulesAfter: (rules: Rules) => Rules; now: Date },
): Promise<void> {
  const { tenantId, userId } = owner;
  await wakePeople(tx, tenantId, new Map([[userId, null]]));
  const row = await lockPerson(tx, owner);
  if (row === undefined) return;
  const before = rulesOf(keys, row);
  const rules = rulesAfter(before);
  const zone = (await readTenant(tx, tenantId)).settings.timeZone;
  for (const notice of await waitingNotices(tx, owner, { due: null, limit: waitingMax })) {
    const { onPage, pushAt, mail, mailAt } = planFor(rules, notice, { now, zone });
    // What has gone out one way already does not go out that way again.
    const set = {
      onPage,
      pushAt: notice.pushAt === null ? null : pushAt,
      ...(notice.mailAt === null ? {} : { mail, mailAt }),
    };
    await updateNotices(tx, tenantId, [notice.noticeId], set);
  }
  await updatePerson(tx, owner, { body: keys.sealJson(refOf(userId), rules), version: row.version + 1, runAt: await nextDue(tx, owner) });
  const difference = differenceOf(before, rules);
  if (difference === null) return;
  const actor = `user:${userId}`;
  await recordChange(tx, keys, { topic: 'notices' satisfies PersonalTopic, ...difference, actor, at: now });
  await recordAudit(tx, tenantId, [{ kind: 'notice.changed', actor, at: now, objectId: userId, detail: { change: 'rules' } }]);
}

const refOf = (userId: string): ObjectRef => ({ kind: 'notice.rules', id: userId });
