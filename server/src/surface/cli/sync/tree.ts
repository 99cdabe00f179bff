import { foldPath } from '#trust/vault';

export type Kind = 'note' | 'file' | 'generated';

/** What a file's status says about whether it was touched. Nanoseconds as text: they do not fit into a number. */
export interface Touch {
  readonly size: number;
  readonly mtime: string;
  readonly ctime: string;
  readonly inode: string;
  readonly birth: string;
}

/** A file of the folder, and where it belongs in the vault. */
export interface LocalFile {
  /** In the vault. */
  readonly path: string;
  /** In the folder, as the file system spells it. */
  readonly name: string;
  readonly hash: string;
  readonly touch: Touch;
}

/** What lies at a path of the vault. */
export interface RemoteFile {
  readonly path: string;
  readonly kind: Kind;
  /** Of the note: it stays when the path changes. */
  readonly id: string;
  readonly etag: string;
  readonly hash: string;
  readonly size: number;
}

/** What folder and vault last had in common at a path. */
export interface BaseFile extends RemoteFile {
  /** In the folder. */
  readonly name: string;
  /** As it was when its content was looked at; without a time when that was too recent to tell a later change. */
  readonly touch: Touch | null;
}

/** By what paths have in common that no file system may be asked to keep apart. */
export type Tree<F extends { readonly path: string }> = Map<string, F>;

export const keyOf = foldPath;
export const treeOf = <F extends { readonly path: string }>(files: Iterable<F>): Tree<F> =>
  new Map([...files].map((file) => [keyOf(file.path), file]));
