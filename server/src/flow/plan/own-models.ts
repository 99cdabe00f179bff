import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { ToolCatalogue } from '#flow/tool';
import { FactotumError, type Id, type Logger } from '#kernel';
import type { OwnModel } from '#trust/model';
import type { ModelBudget } from '#trust/quota';
import { createModelPlanner, type ModelPlanner } from './model.ts';

export interface OwnModelsOptions {
  readonly catalogue: ToolCatalogue;
  readonly budget: ModelBudget | null;
  /** The value of a secret of the tenant's. @throws FactotumError `secret.*`. */
  readonly resolveSecret: (tenantId: Id<'tenant'>, reference: string) => Promise<string>;
  /** `host:port` of endpoints that tenants may use although they are private. */
  readonly allowHosts: readonly string[];
  readonly timeoutMs?: number;
  readonly log: Logger;
}

/** Planners that ask models which tenants have of their own. */
export interface OwnModels {
  /** The planner of a model as it is set now, with its key as it is now. @throws FactotumError `secret.*`, `model.misconfigured`. */
  plannerOf(tenantId: Id<'tenant'>, own: OwnModel): Promise<ModelPlanner>;
  /** Ends the connections of a tenant, or of all, which hold their keys: once what was asked is answered. */
  forget(tenantId?: Id<'tenant'>): void;
  close(): Promise<void>;
}

/** Connections to tenants' models that are kept open. */
const openMax = 200;
const idleMs = 10 * 60_000;

/** Keeps one planner for each model of a tenant's; a new address or key is a new one, and the old one ends when what it was asked is answered. */
export function createOwnModels(options: OwnModelsOptions): OwnModels {
  const { catalogue, budget, log, resolveSecret, timeoutMs } = options;
  const allowed = new Set(options.allowHosts);
  const open = new LRUCache<string, ModelPlanner>({
    max: openMax,
    ttl: idleMs,
    updateAgeOnGet: true,
    ttlAutopurge: true,
    dispose: (planner) => void planner.close().catch((error: unknown) => log.warn({ err: error }, 'a connection to a model did not close')),
  });
  let forgotten = 0;

  /** Keys that were taken away while it was read may not be had any more. */
  async function keyOf(tenantId: Id<'tenant'>, reference: string): Promise<string> {
    for (;;) {
      const before = forgotten;
      const key = await resolveSecret(tenantId, reference);
      if (forgotten === before) return key;
    }
  }

  return {
    async plannerOf(tenantId, own) {
      const key = own.key === null ? undefined : await keyOf(tenantId, own.key);
      // The key itself is in no map of ours; its hash tells whether it has changed.
      const name = `${tenantId} ${JSON.stringify(own)} ${key === undefined ? '' : hash('sha256', key)}`;
      const found = open.get(name);
      if (found !== undefined) return found;
      const { provider, name: model, url } = own;
      // An address that the operator allows by name is as good as one that the operator set.
      const setBy = url !== null && allowed.has(hostOf(url)) ? 'operator' : 'tenant';
      if (setBy === 'tenant' && key !== undefined && url?.startsWith('http:') === true)
        throw new FactotumError('model.misconfigured', 'Without TLS everybody on the way reads the key. Use the https address.');
      const connection = { provider, model, url: url ?? undefined, key, setBy } as const;
      const planner = createModelPlanner({ ...connection, catalogue, budget, log, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
      open.set(name, planner);
      return planner;
    },
    forget(tenantId) {
      forgotten += 1;
      for (const name of [...open.keys()]) if (tenantId === undefined || name.startsWith(`${tenantId} `)) open.delete(name);
    },
    async close() {
      const planners = [...open.values()];
      await Promise.all(planners.map((planner) => planner.close()));
    },
  };
}

function hostOf(address: string): string {
  const { hostname, port, protocol } = new URL(address);
  return `${hostname}:${port === '' ? (protocol === 'https:' ? '443' : '80') : port}`;
}
