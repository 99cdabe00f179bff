import { hash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { type Clock, FactotumError, type Id, isFactotumError } from '#kernel';
import { type Tx, withTenant } from '#kernel/database';
import { createGuardedKek } from './guarded-kek.ts';
import type { InstallationKey } from './installation-key.ts';
import type { KekDirectory, KekProvider, KeyObserver } from './kek.ts';
import { deleteIdleKekProviders, listKekProviders, setKekProvider } from './kek-provider-store.ts';
import { parseTenantKekUri, type RemoteKekAddress } from './kek-uri.ts';
import { openTenantKek } from './open-kek.ts';
import { kekFault, seedBytes } from './provider/fault.ts';

/** The directory of an installation whose tenants may bring key services of their own. */
export interface TenantKeks extends KekDirectory {
  /** The installation's provider, that wraps for everybody else. */
  readonly installation: KekProvider;
  /**
   * Has the tenant's keys guarded by its own key service from now on, or by the installation's again (null). The service is tried first, with
   * a random seed. What was wrapped before opens as before: have everything wrapped anew afterwards.
   *
   * @param within - runs in the transaction that stores it
   * @throws FactotumError `key.provider_invalid` with what went wrong when it was tried, `key.provider_missing`.
   */
  change<T>(tenantId: Id<'tenant'>, own: OwnKek | null, within: (tx: Tx) => Promise<T>): Promise<T>;
  /** Whether the tenant brings its own. */
  hasOwn(tx: Tx, tenantId: Id<'tenant'>): Promise<boolean>;
  close(): Promise<void>;
}

/** A tenant's own key service, as it is handed in. */
export interface OwnKek {
  readonly uri: string;
  /** JSON; by kind, see docs/encryption/providers.md. */
  readonly credential?: unknown;
}

export interface KekDirectoryOptions {
  /** The pool of the role `factotum_app`. */
  readonly db: Tx;
  readonly installation: KekProvider;
  /** Providers of the installation that only open what they wrapped before. */
  readonly previous: readonly KekProvider[];
  readonly installationKey: Pick<InstallationKey, 'seal' | 'open'>;
  /** `host:port` of key services that may be asked although they are in a private network. */
  readonly allowHosts: readonly string[];
  readonly clock: Clock;
  readonly observer?: KeyObserver;
}

/** Tenants' own providers that stay open, with their connections and logins. */
const openMax = 200;

export function createKekDirectory(options: KekDirectoryOptions): TenantKeks {
  const { db, installation, previous, installationKey, allowHosts, clock, observer } = options;
  const ofInstallation = [installation, ...previous];
  const contextOf = (tenantId: Id<'tenant'>, uri: string) => `kek/${tenantId}/${uri}`;
  const openGuarded = async (address: RemoteKekAddress, credential: unknown) =>
    createGuardedKek(await openTenantKek(address, credential, { allowHosts, clock }), { clock, observer });
  const opened = new LRUCache<string, Promise<KekProvider>>({
    max: openMax,
    // Whoever is in the middle of a call hears "closed" and asks again.
    dispose: (kek) => void kek.then((one) => one.close()).catch(() => undefined),
  });

  /** One provider for each credential that a tenant has ever entered; another credential is another provider. */
  const openRow = (tenantId: Id<'tenant'>, { uri, credential }: { uri: string; credential: Buffer | null }): Promise<KekProvider> => {
    const name = `${tenantId} ${uri} ${credential === null ? '' : hash('sha256', credential)}`;
    let kek = opened.get(name);
    if (kek === undefined) {
      const text = credential === null ? undefined : installationKey.open(contextOf(tenantId, uri), credential).toString('utf8');
      kek = openGuarded(parseTenantKekUri(uri), text === undefined ? undefined : JSON.parse(text));
      opened.set(name, kek);
      // One that could not be opened, for want of a package for example, is tried anew by whoever asks next.
      kek.catch(() => opened.delete(name));
    }
    return kek;
  };
  const ownRows = (tenantId: Id<'tenant'>) => withTenant(db, tenantId, (tx) => listKekProviders(tx, tenantId));

  return {
    installation,
    async wrapping(tenantId) {
      const rows = await ownRows(tenantId);
      if (rows.some(({ isCurrent }) => !isCurrent)) await withTenant(db, tenantId, (tx) => deleteIdleKekProviders(tx, tenantId));
      const row = rows.find(({ isCurrent }) => isCurrent);
      return row === undefined ? installation : openRow(tenantId, row);
    },
    async opening(tenantId, { provider, kekId }) {
      const known = ofInstallation.find((kek) => kek.provider === provider && kek.kekId === kekId);
      if (known !== undefined) return known;
      const row = (await ownRows(tenantId)).find((own) => own.kind === provider && own.kekId === kekId);
      if (row !== undefined) return openRow(tenantId, row);
      throw kekFault(
        'broken',
        `The tenant's key was wrapped by ${provider} ${kekId}, which is not set up here. Put the right key back, or name it in FACTOTUM_KEK_PREVIOUS.`,
      );
    },
    async change(tenantId, own, within) {
      const row = own === null ? null : await tried(tenantId, own);
      return withTenant(db, tenantId, async (tx) => {
        await setKekProvider(tx, tenantId, row);
        return within(tx);
      });
    },
    hasOwn: async (tx, tenantId) => (await listKekProviders(tx, tenantId)).some(({ isCurrent }) => isCurrent),
    async close() {
      const open = [...opened.values()];
      opened.clear();
      await Promise.allSettled([...open.map(async (kek) => (await kek).close()), ...ofInstallation.map((kek) => kek.close())]);
    },
  };

  /** The row of a key service that has wrapped and opened a seed for us. */
  async function tried(tenantId: Id<'tenant'>, { uri, credential }: OwnKek) {
    const address = parseTenantKekUri(uri);
    const kek = await openGuarded(address, credential);
    try {
      const seed = randomBytes(seedBytes);
      const binding = { tenantId, generation: 0 };
      const isSame = (await kek.unwrap(await kek.wrap(seed, binding), binding)).equals(seed);
      if (!isSame) throw kekFault('broken', `The key provider ${kek.provider} gave back another seed than it was given.`);
    } catch (error) {
      if (!isFactotumError(error, 'key.unavailable')) throw error;
      throw new FactotumError('key.provider_invalid', `Nothing was changed, as the key could not be used: ${error.message}`, {
        cause: error,
        details: { reason: error.details?.reason ?? 'broken' },
      });
    } finally {
      await kek.close();
    }
    const sealed =
      credential === undefined ? null : installationKey.seal(contextOf(tenantId, uri), Buffer.from(JSON.stringify(credential)));
    return { uri, kind: kek.provider, kekId: kek.kekId, credential: sealed, changedAt: clock.now() };
  }
}
