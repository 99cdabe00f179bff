import { LRUCache } from 'lru-cache';
import { type Playbook, parsePlaybook } from '#flow/plan';
import type { Id } from '#kernel';
import { type Database, withTenant } from '#kernel/database';
import type { Keyring } from '#trust/key';
import { type Directory, type LoadedPolicy, listGrants, loadPolicy, parseDirectory, type StandingGrant } from '#trust/policy';
import { readTenant, type TenantSettings } from '#trust/tenant';
import { listNotes, readNote } from '#trust/vault';

/** What decides about a tenant's tasks, all of one revision. */
export interface TenantContext {
  readonly revision: number;
  readonly name: string;
  readonly settings: TenantSettings;
  readonly policy: LoadedPolicy;
  readonly grants: readonly StandingGrant[];
  readonly directory: Directory;
  readonly playbooks: readonly Playbook[];
  readonly handbook: string;
}

const playbooksMax = 200;

/**
 * Loads and keeps tenants' contexts. A context is good for as long as the tenant's revision stands, which every claim and every
 * commit reports; so nothing here can be stale by time.
 */
export function createTenantContexts(deps: {
  database: Database;
  keyring: Keyring;
}): (tenantId: Id<'tenant'>, revision: number) => Promise<TenantContext> {
  const kept = new LRUCache<string, Promise<TenantContext>>({ max: 500 });
  return (tenantId, revision) => {
    const key = `${tenantId}/${revision}`;
    const found = kept.get(key);
    if (found !== undefined) return found;
    const loading = load(deps, tenantId, revision);
    kept.set(key, loading);
    loading.catch(() => kept.delete(key));
    return loading;
  };
}

async function load(
  { database, keyring }: { database: Database; keyring: Keyring },
  tenantId: Id<'tenant'>,
  revision: number,
): Promise<TenantContext> {
  const keys = await keyring.of(tenantId);
  return withTenant(database.app.db, tenantId, async (tx) => {
    const tenant = await readTenant(tx, tenantId);
    const policy = await loadPolicy(tx, keys, tenantId);
    const grants = await listGrants(tx, keys, tenantId);
    const contacts = await readNote(tx, keys, 'Contacts.md');
    const handbook = await readNote(tx, keys, 'Company_Handbook.md');
    const playbooks: Playbook[] = [];
    for (const found of (await listNotes(tx, keys, 'Playbooks/')).slice(0, playbooksMax)) {
      if (!found.trusted || !found.path.endsWith('.md')) continue;
      const text = await readNote(tx, keys, found.path);
      const parsed = text?.trusted === true ? parsePlaybook({ path: text.path, content: text.content }) : null;
      if (parsed?.kind === 'playbook') playbooks.push(parsed.playbook);
    }
    return {
      revision,
      name: tenant.name,
      settings: tenant.settings,
      policy,
      grants,
      directory: parseDirectory(contacts?.trusted === true ? contacts.content : ''),
      playbooks,
      handbook: handbook?.trusted === true ? handbook.content : '',
    };
  });
}
