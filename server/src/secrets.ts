import { type Clock, type Config, ConfigFaults, type Id, isFactotumError, type Logger } from '#kernel';
import { azureCredentialFrom } from '#kernel/cloud';
import { type Database, withTenant } from '#kernel/database';
import type { Sequencer } from '#trust/audit';
import type { Keyring } from '#trust/key';
import { readOwnModel } from '#trust/model';
import { createSecretResolver, type InSecretUnit, type OpenStore, outsideStores, type Reference, type SecretResolver } from '#trust/secret';
import { vaultLogin } from './vault-login.ts';

/** The stores outside that the installation has set up. */
function storesOf({ secrets, vault }: Config, clock: Clock): OpenStore {
  const { folders, azure } = secrets;
  const auth = vaultLogin(vault);
  const place = secrets.vault === undefined || auth === undefined ? undefined : { ...secrets.vault, auth };
  return outsideStores({ folders, vault: place, azure: azureCredentialFrom(azure), clock });
}

/**
 * The configuration with its early references replaced: those that are needed before the database is open, and every other that does not
 * lie in it, so that all faults are told at once.
 *
 * @throws ConfigFaults
 */
export async function resolveEarly(config: Config, { clock, log }: { clock: Clock; log: Logger }): Promise<Config> {
  const early = config.secrets.references.filter(({ reference, isEarly }) => isEarly || !reference.startsWith('secret://db/'));
  if (early.length === 0) return config;
  const resolver = createSecretResolver({ inUnit: null, openStore: storesOf(config, clock), tenantStores: [], clock, log });
  try {
    return await resolveAll(config, early, resolver);
  } finally {
    await resolver.close();
  }
}

export interface OpenedSecrets {
  readonly resolver: SecretResolver;
  /** Without any reference left. */
  readonly config: Config;
}

/**
 * The resolver of a process with its database, and the configuration with what lies in that.
 *
 * @param onUnresolved - told of what does not resolve, which then stays a reference: for commands, one of which may mend it
 * @throws ConfigFaults
 */
export async function openSecrets(
  config: Config,
  { inUnit, clock, log, onUnresolved }: { inUnit: InSecretUnit; clock: Clock; log: Logger; onUnresolved?: (fault: string) => void },
): Promise<OpenedSecrets> {
  const resolver = createSecretResolver({
    inUnit,
    openStore: storesOf(config, clock),
    tenantStores: config.secrets.tenantStores,
    clock,
    log,
  });
  try {
    return { resolver, config: await resolveAll(config, config.secrets.references, resolver, onUnresolved) };
  } catch (error) {
    await resolver.close();
    throw error;
  }
}

/** The secret that a tenant's own model refers to. */
export async function modelReferences(
  { database, keyring }: { database: Database; keyring: Keyring },
  tenantId: Id<'tenant'>,
): Promise<readonly Reference[]> {
  const keys = await keyring.of(tenantId);
  const { own } = await withTenant(database.app.db, tenantId, (tx) => readOwnModel(tx, keys));
  return own === null || own.key === null ? [] : [{ reference: own.key, by: `model ${own.name}` }];
}

/** What keeps something of a tenant's that was opened with its keys. Without a tenant it drops everything. */
interface Holder {
  forget(tenantId?: Id<'tenant'>): void;
}

/**
 * Keys that were taken away take with them what was opened with them: values of secrets, the keys of audit logs, and what the other
 * holders keep, such as open connections that use a secret.
 */
export const withHolders = (
  keyring: Keyring,
  sequencer: Pick<Sequencer, 'forget' | 'forgetAll'>,
  holders: readonly Holder[],
): Pick<Keyring, 'refresh' | 'forget' | 'forgetAll'> => ({
  refresh: (tenantId) => keyring.refresh(tenantId),
  forget(tenantId) {
    keyring.forget(tenantId);
    sequencer.forget(tenantId);
    for (const holder of holders) holder.forget(tenantId);
  },
  forgetAll() {
    keyring.forgetAll();
    sequencer.forgetAll();
    for (const holder of holders) holder.forget();
  },
});

async function resolveAll(
  config: Config,
  references: Config['secrets']['references'],
  resolver: SecretResolver,
  onUnresolved?: (fault: string) => void,
): Promise<Config> {
  const values: Record<string, string> = {};
  const faults: string[] = [];
  for (const { setting, reference } of references) {
    try {
      values[setting] = await resolver.resolve('installation', reference);
    } catch (error) {
      if (!isFactotumError(error)) throw error;
      faults.push(`${setting}: ${error.message}`);
    }
  }
  if (faults.length > 0 && onUnresolved === undefined) throw new ConfigFaults(faults);
  for (const fault of faults) onUnresolved?.(fault);
  return Object.keys(values).length === 0 ? config : config.withValues(values);
}
