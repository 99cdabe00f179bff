import { LRUCache } from 'lru-cache';
import { type FaultyPlaybook, type Playbook, parsePlaybook } from '#flow/plan';
import type { PluggedTools } from '#flow/tool';
import { readPluggedTools } from '#flow/tool-server';
import type { Id } from '#kernel';
import { type Database, type Tx, withTenant } from '#kernel/database';
import type { KeysOf, TenantKeys } from '#trust/key';
import { type OwnModel, readOwnModel } from '#trust/model';
import { type Directory, type LoadedPolicy, listGrants, loadPolicy, parseDirectory, type StandingGrant } from '#trust/policy';
import { readTenant, type TenantSettings } from '#trust/tenant';
import { listNotes, readNote } from '#trust/vault';

/** What decides about a tenant's tasks, all of one revision. */
export interface TenantContext {
  readonly revision: number;
  readonly name: string;
  /** Whether work may go on for it: not while it is suspended, or on its way out. */
  readonly isActive: boolean;
  readonly settings: TenantSettings;
  readonly policy: LoadedPolicy;
  readonly grants: readonly StandingGrant[];
  readonly directory: Directory;
  readonly playbooks: readonly Playbook[];
  readonly faultyPlaybooks: readonly FaultyPlaybook[];
  readonly handbook: string;
  readonly ownModel: OwnModel | null;
  readonly pluggedTools: PluggedTools;
}

const playbooksMax = 200;

/**
 * Loads and keeps tenants' contexts. A context is good for as long as the tenant's revision stands, which every claim and every
 * commit reports; so nothing here can be stale by time.
 */
export function createTenantContexts(deps: {
  database: Database;
  keysOf: KeysOf;
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
  { database, keysOf }: { database: Database; keysOf: KeysOf },
  tenantId: Id<'tenant'>,
  revision: number,
): Promise<TenantContext> {
  const keys = await keysOf(tenantId);
  return withTenant(database.app.db, tenantId, async (tx) => {
    const tenant = await readTenant(tx, tenantId);
    const policy = await loadPolicy(tx, keys, tenantId);
    const grants = await listGrants(tx, keys, tenantId);
    const contacts = await readNote(tx, keys, 'Contacts.md');
    const handbook = await readNote(tx, keys, 'Company_Handbook.md');
    const { own: ownModel } = await readOwnModel(tx, keys);
    const pluggedTools = await readPluggedTools(tx, keys);
    const { playbooks, faultyPlaybooks } = await readPlaybooks(tx, keys);
    return {
      revision,
      name: tenant.name,
      isActive: tenant.state === 'active',
      settings: tenant.settings,
      policy,
      grants,
      directory: parseDirectory(contacts?.trusted === true ? contacts.content : ''),
      playbooks,
      faultyPlaybooks,
      handbook: handbook?.trusted === true ? handbook.content : '',
      ownModel,
      pluggedTools,
    };
  });
}

async function readPlaybooks(tx: Tx, keys: TenantKeys): Promise<{ playbooks: Playbook[]; faultyPlaybooks: FaultyPlaybook[] }> {
  const playbooks: Playbook[] = [];
  const faultyPlaybooks: FaultyPlaybook[] = [];
  const found = await listNotes(tx, keys, 'Playbooks', { limit: playbooksMax });
  for (const { path } of found.filter((note) => note.trusted && note.path.endsWith('.md'))) {
    const note = await readNote(tx, keys, path);
    const parsed = note === null ? { kind: 'ignored' as const } : parsePlaybook(note);
    if (parsed.kind === 'playbook') playbooks.push(parsed.playbook);
    if (parsed.kind === 'faulty') faultyPlaybooks.push(parsed.faulty);
  }
  return { playbooks, faultyPlaybooks };
}
