import { createHash } from 'node:crypto';
import { type Id, isId } from '#kernel';
import type { InstallationKey } from '#trust/key';

/** Where objects lie in the storage: `blobs/<installation>/<tenant>/<object>`. */
export interface Places {
  readonly root: string;
  of(tenantId: Id<'tenant'>, object: string): string;
  folderOf(tenantId: Id<'tenant'>): string;
  /** Whose object a name is, and which; null for what is none of ours. */
  read(name: string): { readonly tenantId: Id<'tenant'>; readonly object: string } | null;
}

/** Two installations that share a storage by mistake, or by a move, never take each other's objects for orphans. */
export function createPlaces({ signer }: Pick<InstallationKey, 'signer'>): Places {
  const installation = createHash('sha256').update(signer.verifierKeyText).digest('hex').slice(0, 16);
  const root = `blobs/${installation}/`;
  return {
    root,
    of: (tenantId, object) => `${root}${tenantId}/${object}`,
    folderOf: (tenantId) => `${root}${tenantId}/`,
    read(name) {
      const [tenantId = '', object = '', ...rest] = name.startsWith(root) ? name.slice(root.length).split('/') : [];
      return isId('tenant', tenantId) && isId('blob', object) && rest.length === 0 ? { tenantId, object } : null;
    },
  };
}
