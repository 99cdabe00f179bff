import { FactotumError, type Id } from '#kernel';
import type { Identity } from '#trust/identity';
import type { Rotation, RotationKind } from '../kind.ts';

/** What says that a key was made by a rotation, and by which. */
const mark = / \(rotated [0-9a-f]{6}\)$/;
const nameMax = 100;

/** A key to our own API, kept for a program that fetches it from here. Its successor may do the same and lives as long. */
export function apiKeyKind(identity: Pick<Identity, 'principalOf' | 'listApiKeys' | 'createApiKey' | 'revokeApiKey'>): RotationKind {
  const bearer = (value: string) => new Headers({ authorization: `Bearer ${value}` });

  async function idOf(scope: Rotation['scope'], value: string): Promise<Id<'apiKey'> | null> {
    const principal = await identity.principalOf(bearer(value));
    // Another tenant's key is as good as none.
    return principal?.tenantId === scope ? ((principal.keyId as Id<'apiKey'> | undefined) ?? null) : null;
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
    async create({ scope, old, key, now }) {
      if (scope === 'installation') throw unusable('API keys belong to tenants.');
      const id = await idOf(scope, old);
      const keys = await keysOf(scope);
      const found = keys.find((one) => one.id === id);
      if (found === undefined) throw unusable('Its value is no key of this tenant that works.');
      const suffix = ` (rotated ${key.slice(-6)})`;
      const name = `${found.name.replace(mark, '').slice(0, nameMax - suffix.length)}${suffix}`;
      // An earlier try has made one, whose text nobody has.
      for (const lost of keys) if (lost.name === name && lost.state === 'active') await identity.revokeApiKey(scope, lost.id);
      const { permissions, perMinute, serviceAccountId, createdAt, expiresAt } = found;
      const made = await identity.createApiKey({
        tenantId: scope,
        name,
        permissions,
        ...(perMinute === null ? {} : { perMinute }),
        ...(serviceAccountId === null ? {} : { serviceAccountId }),
        ...(expiresAt === null ? {} : { expiresAt: new Date(now.getTime() + expiresAt.getTime() - createdAt.getTime()) }),
      });
      return made.key;
    },
    async test({ scope }, value) {
      if ((await idOf(scope, value)) === null) throw unusable('The new key does not let in.');
    },
    async revoke({ scope }, value) {
      const id = await idOf(scope, value);
      if (id !== null && scope !== 'installation') await identity.revokeApiKey(scope, id);
    },
  };
}

const unusable = (what: string) => new FactotumError('request.invalid', `The API key cannot be rotated. ${what}`);
