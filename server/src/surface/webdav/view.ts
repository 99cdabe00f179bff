import { generatedFolders, isGeneratedPath, listGenerated, readGenerated } from '#flow/projection';
import { findPlace, foldPath, listPlaces, type VaultPlace, type VaultTree } from '#trust/vault';
import type { DavCall, WebdavDeps } from './call.ts';
import { parentOf } from './name.ts';

/** What lies at a path. */
export type Resource = FolderResource | ContentResource;

export interface FolderResource {
  readonly kind: 'folder';
  readonly path: string;
}

export interface ContentResource {
  readonly kind: 'note' | 'file' | 'generated';
  readonly path: string;
  /** Not quoted. */
  readonly etag: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
  readonly objectId: string;
}

/** The vault as one request sees it: what is stored, what is drawn from rows, and folders that nothing lies in. */
export interface View {
  readonly tree: VaultTree;
  find(path: string): Promise<Resource | null>;
  /** What lies directly in a folder, by name. */
  childrenOf(folder: string): Promise<Resource[]>;
  /** Places at and below a path, with their properties. */
  placesBelow(path: string): Promise<VaultPlace[]>;
  placeAt(path: string): Promise<VaultPlace | null>;
}

/** Logs are written by nobody through here; what is drawn from rows neither. */
export const isProtected = (path: string): boolean => isGeneratedPath(path) || foldPath(path.split('/')[0] ?? '') === foldPath('Logs');

export async function openView(call: DavCall, deps: Pick<WebdavDeps, 'trees' | 'catalogue'>): Promise<View> {
  const { tenantId } = call.principal;
  const tree = await deps.trees.of(tenantId, call.now);
  const { keys, now, inTenant } = call;
  let places: Promise<VaultPlace[]> | undefined;
  const allPlaces = () => (places ??= inTenant((tx) => listPlaces(tx, keys)));
  const drawn = (folder: string) => inTenant((tx) => listGenerated({ tx, tenantId, keys, catalogue: deps.catalogue, now }, folder));
  const folderOf = (path: string): FolderResource => ({ kind: 'folder', path });

  async function find(path: string): Promise<Resource | null> {
    if (path === '' || generatedFolders.some((name) => name === path)) return folderOf(path);
    if (isGeneratedPath(path)) {
      const note = await inTenant((tx) => readGenerated({ tx, tenantId, keys, catalogue: deps.catalogue, now }, path));
      if (note !== null) return generated(note);
      // Done/ has a folder a month.
      return /^Done\/\d{4}-\d{2}$/.test(path) && (await drawn(`${path}/`)).length > 0 ? folderOf(path) : null;
    }
    const found = tree.at(path);
    if (found !== undefined) return stored(found);
    if (tree.hasBelow(path)) return spelledAs(path) ? folderOf(path) : null;
    const place = await inTenant((tx) => findPlace(tx, keys, path));
    return place?.isFolder === true && place.path === path ? folderOf(path) : null;
  }

  /** A folder that only its content implies is called as in the path of whatever lies in it. */
  function spelledAs(folder: string): boolean {
    return tree.below(folder).some(({ path }) => path.startsWith(`${folder}/`));
  }

  return {
    tree,
    find,
    async childrenOf(folder) {
      const start = folder === '' ? '' : `${folder}/`;
      const children = new Map<string, Resource>();
      const add = (path: string, resource: () => Resource) => {
        if (!path.startsWith(start) || path === folder) return;
        const rest = path.slice(start.length);
        const slash = rest.indexOf('/');
        const child = slash < 0 ? path : start + rest.slice(0, slash);
        const key = foldPath(child);
        if (!children.has(key)) children.set(key, slash < 0 ? resource() : folderOf(child));
      };
      if (!isGeneratedPath(folder) || folder === '') {
        for (const { path, isFolder } of await allPlaces()) if (isFolder) add(path, () => folderOf(path));
        for (const change of tree.below(folder)) add(change.path, () => stored(change));
      }
      if (folder === '') {
        for (const name of generatedFolders) children.set(foldPath(name), folderOf(name));
        const dashboard = await find('Dashboard.md');
        if (dashboard !== null) children.set(foldPath('Dashboard.md'), dashboard);
      } else if (isGeneratedPath(folder)) for (const note of await drawn(start)) add(note.path, () => generated(note));
      return [...children.values()].sort((one, other) => (one.path < other.path ? -1 : 1));
    },
    placesBelow: async (path) =>
      (await allPlaces()).filter((place) => path === '' || place.path === path || place.path.startsWith(`${path}/`)),
    placeAt: (path) => inTenant((tx) => findPlace(tx, keys, path)),
  };
}

const stored = ({ kind, path, etag, sizeBytes, changedAt, objectId }: ReturnType<VaultTree['below']>[number]): ContentResource => ({
  ...{ kind, path, etag: etag ?? '', sizeBytes, objectId },
  modifiedAt: changedAt,
});

function generated({ path, etag, content, updatedAt }: { path: string; etag: string; content: string; updatedAt: Date }): ContentResource {
  const objectId = /(?:tsk|apr)_[0-9a-f]{24}(?=\.md$)/.exec(path)?.[0] ?? '';
  return { kind: 'generated', path, etag, sizeBytes: Buffer.byteLength(content), modifiedAt: updatedAt, objectId };
}

/** Whether there is a folder that a new thing at that path would lie in. */
export const hasParent = async (view: View, path: string): Promise<boolean> =>
  path !== '' && (await view.find(parentOf(path)))?.kind === 'folder';
