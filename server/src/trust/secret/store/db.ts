import { type Clock, FactotumError, isFactotumError } from '#kernel';
import type { SecretScope, SecretStore } from '../port.ts';
import { createSecret, deleteSecret, findSecret, listSecrets, openSecret, replaceValue } from '../secret.ts';
import type { InSecretUnit } from '../unit.ts';

const listMax = 1_000;

export interface DbStoreOptions {
  readonly scope: SecretScope;
  readonly inUnit: InSecretUnit;
  /** Who puts and destroys, as versions and logs name them. */
  readonly actor: string;
  readonly clock: Clock;
  /** The value of a secret that lies in another store. */
  readonly follow: (reference: string) => Promise<string>;
}

/** Our own sealed tables as a store: the secrets of one tenant, or of the installation. */
export function createDbStore({ scope, inUnit, actor, clock, follow }: DbStoreOptions): SecretStore {
  const found = (name: string) =>
    inUnit(scope, (unit) => openSecret(unit, { name })).catch((error: unknown) => {
      if (isFactotumError(error, 'secret.not_found')) return null;
      throw error;
    });
  return {
    kind: 'db',
    isWritable: true,
    async get(name) {
      const opened = await found(name);
      if (opened === null) return null;
      const { content, version } = opened;
      return { value: 'value' in content ? content.value : await follow(content.reference), version: String(version) };
    },
    put: (name, value, ifVersion) =>
      inUnit(scope, async (unit) => {
        const by = { value, actor, at: clock.now() };
        if (ifVersion === null) return { version: String((await createSecret(unit, { name, content: { value }, ...by })).version) };
        const { id } = await requireNamed(unit, name);
        return { version: String((await replaceValue(unit, id, { ...by, ifVersion: Number(ifVersion) })).version) };
      }),
    list: async (prefix) =>
      (await inUnit(scope, listSecrets))
        .map(({ name }) => name)
        .filter((name) => name.startsWith(prefix))
        .slice(0, listMax),
    destroy: (name) =>
      inUnit(scope, async (unit) => {
        await deleteSecret(unit, (await requireNamed(unit, name)).id, async () => []);
      }),
    close: async () => undefined,
  };
}

async function requireNamed(unit: Parameters<typeof findSecret>[0], name: string) {
  const secret = await findSecret(unit, name);
  if (secret === null) throw new FactotumError('secret.not_found', `There is no such secret: ${name}.`);
  return secret;
}
