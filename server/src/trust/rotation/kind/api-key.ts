import { FactotumError, type Id } from '#kernel';
import { type Database, withTenant } from '#kernel/database';
import { recordAudit } from '#trust/audit';
import type { Identity } from '#trust/identity';
import type { Rotation, RotationKind } from '../kind.ts';

/** What says that a key was made by a rotation, and by which. */
const mark = / \(rotated [0-9a-f]{6}\)$/;
const nameMax = 100;

type Keys = Pick<Identity, 'principalOf' | 'listApiKeys' | 'createApiKey' | 'revokeApiKey'>;
type By = Pick<Rotation, 'actor' | 'now'>;

/**
 * A key to our own API, kept for a program that fetches it from here. Its successor may do the same and lives as long. The tenant's log
 * tells of every key that comes or goes, as it does of those that people make.
 */
export function apiKeyKind(identity: Keys, { app }: Pick<Database, 'app'>): RotationKind {
  const bearer = (value: string) => new Headers({ authorization: `Bearer ${value}` });

  async function idOf(scope: Rotation['scope'], value: string): Promise<Id<'apiKey'> | null> {
    const principal = await identity.principalOf(bearer(value));
    // Another tenant's key is as good as none.
    return principal?.tenantId === scope ? ((principal.keyId as Id<'apiKey'> | undefined) ?? null) : null;
  }

  async function record(tenantId: Id<'tenant'>, entry: Omit<Parameters<typeof recordAudit>[2][number], 'at'>, now: Date): Promise<void> {
    await withTenant(app.db, tenantId, (tx) => recordAudit(tx, tenantId, [{ ...entry, at: now }]));
  }

  async function end(tenantId: Id<'tenant'>, id: Id<'apiKey'>, { actor, now }: By): Promise<void> {
    if (await identity.revokeApiKey(tenantId, id)) await record(tenantId, { kind: 'key.revoked', actor, objectId: id }, now);
  }

  async function keysOf(tenantId: Id<'tenant'>) {
    const keys = [];
    for (let before: string | undefined; ; ) {
      const page = await identity.listApiKeys(tenantId, { ...(before === undefined ? {} : { before }), limit: 100 });
      keys.push(...page);
      before = page.at(-1)?.id;
      if (page.length < 100) return keys;
    }
  }

  return {
    kind: 'api-key',
    makesValues: true,
    forTenants: true,
    async create({ scope, old, key, actor, now }) {
      if (scope === 'installation') throw unusable('API keys belong to tenants.');
      const id = await idOf(scope, old);
      const keys = await keysOf(scope);
      const found = keys.find((one) => one.id === id);
      if (found === undefined) throw unusable('Its value is no key of this tenant that works.');
      const suffix = ` (rotated ${key.slice(-6)})`;
      const name = `${found.name.replace(mark, '').slice(0, nameMax - suffix.length)}${suffix}`;
      // An earlier try has made one, whose text nobody has.
      for (const lost of keys) if (lost.name === name && lost.state === 'active') await end(scope, lost.id, { actor, now });
      const { permissions, perMinute, serviceAccountId, createdAt, expiresAt } = found;
      const made = await identity.createApiKey({
        tenantId: scope,
        name,
        permissions,
        ...(perMinute === null ? {} : { perMinute }),
        ...(serviceAccountId === null ? {} : { serviceAccountId }),
        ...(expiresAt === null ? {} : { expiresAt: new Date(now.getTime() + expiresAt.getTime() - createdAt.getTime()) }),
      });
      const detail = {
        permissions: [...permissions],
        replaces: found.id,
        ...(serviceAccountId === null ? {} : { serviceAccount: serviceAccountId }),
      };
      await record(scope, { kind: 'key.created', actor, objectId: made.id, detail }, now);
      return made.key;
    },
    async test({ scope }, value) {
      if ((await idOf(scope, value)) === null) throw unusable('The new key does not let in.');
    },
    async revoke({ scope, ...by }, value) {
      const id = await idOf(scope, value);
      if (id !== null && scope !== 'installation') await end(scope, id, by);
    },
  };
}

const unusable = (what: string) => new FactotumError('request.invalid', `The API key cannot be rotated. ${what}`);
