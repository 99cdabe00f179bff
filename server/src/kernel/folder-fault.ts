/** What the operating system says about a folder that cannot be made or written, in words; undefined for any other error. */
export function folderFault(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? words[String(error.code)] : undefined;
}

const words: Readonly<Record<string, string | undefined>> = {
  EACCES: 'this user may not write there',
  EPERM: 'it belongs to another user, perhaps because it was first started as root',
  EROFS: 'it is on a read-only file system',
  ENOTDIR: 'part of its path is a file',
  EEXIST: 'part of its path is a file',
  ENOSPC: 'the disk is full',
};
