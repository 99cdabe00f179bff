import { type Clock, FactotumError, type Id, isFactotumError, type Logger } from '#kernel';
import { registerSecret } from '#kernel/redact';
import { ownerOf, type SecretResolver, type SecretScope, type SecretStore, type StoredSecret } from './port.ts';
import { isReference, parseReference, referenceText, type SecretReference, type StoreKind } from './reference.ts';
import { createDbStore } from './store/db.ts';
import type { InSecretUnit } from './unit.ts';

/** How long a value is believed, and how long one from a store outside is good for while that does not answer, in milliseconds. */
const freshMs = 60_000;
const staleMs = 15 * 60_000;
/** A store that did not answer is left alone this long while there is a value from before: nobody then waits for its time-outs. */
const askAgainMs = 5_000;
/** References whose values are kept at once, at most: those that nobody has asked for longest are read anew. */
const keptMax = 5_000;

/** Opens a store outside when it is first needed. @throws FactotumError `secret.unavailable` when it is not set up, with what to set. */
export type OpenStore = (kind: Exclude<StoreKind, 'db'>) => Promise<SecretStore>;

export interface ResolverOptions {
  /** Null before there is a database: then only stores outside are asked. */
  readonly inUnit: InSecretUnit | null;
  readonly openStore: OpenStore;
  /**
   * What tenants may refer to besides their own secrets: beginnings of references with `{tenant}` where the tenant's id stands, such as
   * `vault/kv/tenants/{tenant}/`.
   */
  readonly tenantStores: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
}

interface Kept {
  readonly stored: StoredSecret;
  readonly readAtMs: number;
  /** Until then the store is not asked again. */
  awayUntilMs: number;
}

/** Makes the one resolver of a process. */
export function createSecretResolver({ inUnit, openStore, tenantStores, clock, log }: ResolverOptions): SecretResolver {
  const kept = new Map<string, Kept>();
  const asking = new Map<string, Promise<StoredSecret>>();
  const stores = new Map<StoreKind, Promise<SecretStore>>();
  const noting = new Set<Promise<void>>();
  // Counts what was forgotten: what is being read meanwhile may be from before, and is not kept.
  let forgotten = 0;

  const outside = (kind: Exclude<StoreKind, 'db'>): Promise<SecretStore> => {
    const opened = stores.get(kind) ?? openStore(kind);
    stores.set(kind, opened);
    opened.catch(() => stores.delete(kind));
    return opened;
  };

  const storeOf = async (scope: SecretScope, { store }: SecretReference): Promise<SecretStore> => {
    if (store !== 'db') return outside(store);
    if (inUnit === null)
      throw new FactotumError(
        'secret.unavailable',
        'This is needed before the database is open, so it cannot lie in the database. Use secret://file, vault, aws or azure.',
      );
    // A secret of ours that lies elsewhere leads there once; what tenants may refer to holds for that as well.
    return createDbStore({ scope, inUnit, actor: 'system:secrets', clock, follow: (reference) => resolve(scope, reference) });
  };

  async function read(scope: SecretScope, reference: SecretReference, key: string): Promise<StoredSecret> {
    const before = forgotten;
    const store = await storeOf(scope, reference);
    const stored = await store.get(reference.name);
    if (stored === null) {
      kept.delete(key);
      throw new FactotumError('secret.not_found', `There is no secret at ${referenceText({ ...reference, field: null })}.`);
    }
    registerSecret(stored.value, ownerOf(scope));
    if (before === forgotten) keep(key, stored);
    if (reference.store === 'db') noteUse(scope, reference.name);
    return stored;
  }

  function keep(key: string, stored: StoredSecret): void {
    kept.delete(key);
    kept.set(key, { stored, readAtMs: clock.monotonicMs(), awayUntilMs: 0 });
    if (kept.size > keptMax) kept.delete(kept.keys().next().value ?? '');
  }

  /** Nobody waits for it, and a use that was not noted is noted the next time. */
  function noteUse(scope: SecretScope, name: string): void {
    if (inUnit === null) return;
    const noted = inUnit(scope, async ({ rows }) => {
      const row = await rows.find({ name });
      if (row !== undefined) await rows.noteUse(row.secretId, clock.now());
    })
      .catch((error: unknown) => log.info({ err: error, scope }, 'secret: when it was used last could not be noted'))
      .finally(() => noting.delete(noted));
    noting.add(noted);
  }

  async function lookUp(scope: SecretScope, reference: SecretReference): Promise<StoredSecret> {
    const key = `${scope} ${referenceText({ ...reference, field: null })}`;
    const known = kept.get(key);
    const ageMs = known === undefined ? Number.POSITIVE_INFINITY : clock.monotonicMs() - known.readAtMs;
    if (known !== undefined && ageMs < freshMs) return known.stored;
    if (known !== undefined && ageMs < freshMs + staleMs && clock.monotonicMs() < known.awayUntilMs) return known.stored;
    const asked = asking.get(key) ?? read(scope, reference, key).finally(() => asking.get(key) === asked && asking.delete(key));
    asking.set(key, asked);
    try {
      return await asked;
    } catch (error) {
      // What is not there any more is not used any more; a store that is away does not stop what runs. Our own tables are never away alone.
      if (known === undefined || reference.store === 'db' || ageMs >= freshMs + staleMs || !isFactotumError(error, 'secret.unavailable'))
        throw error;
      known.awayUntilMs = clock.monotonicMs() + askAgainMs;
      log.warn(
        { err: error, reference: referenceText(reference), ageSeconds: Math.round(ageMs / 1_000) },
        'secret: its store does not answer; the value from before is used',
      );
      return known.stored;
    }
  }

  function check(scope: SecretScope, text: string): SecretReference {
    const reference = parseReference(text);
    if (scope !== 'installation' && reference.store !== 'db') requireAllowed(scope, reference, tenantStores);
    return reference;
  }

  async function resolve(scope: SecretScope, text: string): Promise<string> {
    const reference = check(scope, text);
    const { value } = await lookUp(scope, reference);
    return reference.field === null ? value : memberOf(scope, value, reference);
  }

  return {
    resolve,
    valueOf: async (scope, text) => (isReference(text) ? resolve(scope, text) : text),
    check: (scope, text) => void check(scope, text),
    forget(scope) {
      forgotten += 1;
      asking.clear();
      for (const key of kept.keys()) if (scope === undefined || key.startsWith(`${scope} `)) kept.delete(key);
    },
    async close() {
      kept.clear();
      await Promise.all(noting);
      await Promise.all([...stores.values()].map(async (store) => (await store.catch(() => null))?.close()));
    },
  };
}

/** A store outside is the operator's, and opens to a tenant only below a place that bears the tenant's own id. */
function requireAllowed(tenantId: Id<'tenant'>, { store, name }: SecretReference, allowed: readonly string[]): void {
  const place = `${store}/${name}`;
  if (store !== 'file' && allowed.some((beginning) => place.startsWith(beginning.replaceAll('{tenant}', tenantId)))) return;
  throw new FactotumError(
    'auth.forbidden',
    `Tenants may not refer to secrets there. Use secret://db/<name>, or ask the operator about FACTOTUM_SECRET_STORES.`,
  );
}

/** One member of the JSON object that lies at the reference. Neither the value nor the parser's words go into the message. */
function memberOf(scope: SecretScope, value: string, reference: SecretReference): string {
  const where = referenceText({ ...reference, field: null });
  let object: unknown;
  try {
    object = JSON.parse(value);
  } catch {
    throw new FactotumError('secret.not_found', `What lies at ${where} is not JSON, so it has no members. Refer to it without #.`);
  }
  const member =
    typeof object === 'object' && object !== null ? Object.entries(object).find(([name]) => name === reference.field)?.[1] : undefined;
  if (typeof member === 'number' || typeof member === 'boolean') return String(member);
  if (typeof member !== 'string' || member === '')
    throw new FactotumError('secret.not_found', `What lies at ${where} has no member of that name with a text.`);
  registerSecret(member, ownerOf(scope));
  return member;
}
