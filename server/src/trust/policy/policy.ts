import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { FactotumError, type Id } from '#kernel';
import type { Tx } from '#kernel/database';
import { recordAudit } from '#trust/audit';
import { recordChange } from '#trust/history';
import type { TenantKeys } from '#trust/key';
import type { LoadedPolicy } from './engine.ts';
import { insertPolicy, newestPolicy } from './store.ts';
import { validatePolicy } from './validate.ts';

/** Texts that have been found to hold: most tenants begin with the same one, and looking at it takes Cedar 25 ms. */
const faultless = new LRUCache<string, true>({ max: 20, maxSize: 1_000_000, sizeCalculation: (_, text) => text.length });

function faultsOf(text: string, tools: ReadonlySet<string> | undefined): ReturnType<typeof validatePolicy> {
  if (tools === undefined && faultless.has(text)) return [];
  const faults = validatePolicy(text, tools);
  if (tools === undefined && faults.length === 0 && text !== '') faultless.set(text, true);
  return faults;
}

/** What is sealed in the row of a version. */
export const policyBodySchema = z.strictObject({ text: z.string() });

/**
 * The policy in force. A tenant without any has the empty policy at version 0: reads run, all else is refused.
 * @throws FactotumError `seal.broken` when the stored text was changed.
 */
export async function loadPolicy(tx: Tx, keys: TenantKeys, tenantId: Id<'tenant'>): Promise<LoadedPolicy> {
  const row = await newestPolicy(tx, tenantId);
  if (row === undefined) return { tenantId, version: 0, text: '' };
  const { text } = keys.openJson({ kind: 'policy', id: tenantId, version: row.version }, row.body, policyBodySchema);
  return { tenantId, version: row.version, text };
}

/**
 * Puts a policy text in force as the version after `basedOn` (0 for a new tenant) and records who did it.
 *
 * @param input.tools - names of the tools there are, see `validatePolicy`.
 * @throws FactotumError `policy.invalid` with `details.faults`; `policy.changed` when `basedOn` is no longer the newest version.
 */
export async function savePolicy(
  tx: Tx,
  keys: TenantKeys,
  tenantId: Id<'tenant'>,
  input: {
    readonly text: string;
    readonly basedOn: number;
    readonly actor: string;
    readonly at: Date;
    readonly tools?: ReadonlySet<string>;
  },
): Promise<LoadedPolicy> {
  const faults = faultsOf(input.text, input.tools);
  if (faults.length > 0) {
    const named = faults.map(({ policy, line, message }) =>
      [policy, line === null ? null : `line ${line}`, message].filter(Boolean).join(': '),
    );
    throw new FactotumError('policy.invalid', `The policy text has faults. ${named.join(' | ')}`, { details: { faults } });
  }
  const version = input.basedOn + 1;
  const body = keys.sealJson({ kind: 'policy', id: tenantId, version }, { text: input.text });
  const newest = await newestPolicy(tx, tenantId);
  const saved =
    (newest?.version ?? 0) === input.basedOn &&
    (await insertPolicy(tx, { tenantId, version, body, author: input.actor, createdAt: input.at }));
  if (!saved) throw new FactotumError('policy.changed', 'Somebody else has saved the policies since you opened them. Open them again.');
  // The first policy follows nothing that one could go back to.
  if (input.basedOn > 0)
    await recordChange(tx, keys, {
      ...{ topic: 'policy', before: { version: input.basedOn }, after: { version } },
      ...{ actor: input.actor, at: input.at },
    });
  const textHash = createHash('sha256').update(input.text).digest('hex');
  await recordAudit(tx, tenantId, [
    { kind: 'policy.changed', actor: input.actor, at: input.at, objectId: tenantId, detail: { version, textHash } },
  ]);
  return { tenantId, version, text: input.text };
}
