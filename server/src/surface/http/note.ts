import { isGeneratedPath, listGenerated, type MovedNote, moveGenerated, type ProjectionContext, readGenerated } from '#flow/projection';
import { FactotumError } from '#kernel';
import { deleteNote, listNotes, moveNote, readNote, writeNote } from '#trust/vault';

/** The whole vault as a member sees it: notes that are stored, and those that are drawn from rows. */
interface Vault extends ProjectionContext {
  readonly actor: string;
}

interface AnyNote {
  /** Of the note, or of the task or approval that it is drawn from; the dashboard has none. */
  readonly id: string | undefined;
  readonly etag: string;
  readonly bytes: Uint8Array;
  readonly updatedAt: Date;
}

interface NoteItem {
  readonly path: string;
  readonly etag: string;
  readonly sizeBytes: number;
  readonly trusted: boolean;
  readonly generated: boolean;
  readonly updatedAt: string;
}

export async function readAnyNote(vault: Vault, path: string): Promise<AnyNote | null> {
  if (!isGeneratedPath(path)) {
    const note = await readNote(vault.tx, vault.keys, path);
    return note && { id: note.noteId, etag: note.etag, bytes: note.bytes, updatedAt: note.updatedAt };
  }
  const note = await readGenerated(vault, path);
  const id = /(?:tsk|apr)_[0-9a-f]{24}(?=\.md$)/.exec(path)?.[0];
  return note && { id, etag: note.etag, bytes: Buffer.from(note.content), updatedAt: note.updatedAt };
}

/** Notes below a folder in the order of their paths, from the first after `after` on. */
export async function listAllNotes(
  vault: Vault,
  { folder, after, limit }: { folder: string; after: string; limit: number },
): Promise<NoteItem[]> {
  const stored = await listNotes(vault.tx, vault.keys, folder, { after, limit });
  const generated = await listGenerated(vault, folder);
  const items = [
    ...stored.map(({ path, etag, sizeBytes, trusted, updatedAt }) => ({
      path,
      etag,
      sizeBytes,
      trusted,
      generated: false,
      updatedAt: updatedAt.toISOString(),
    })),
    ...generated
      .filter(({ path }) => path > after)
      .map(({ path, etag, content, updatedAt }) => ({
        path,
        etag,
        sizeBytes: Buffer.byteLength(content),
        trusted: false,
        generated: true,
        updatedAt: updatedAt.toISOString(),
      })),
  ];
  return items.sort((one, other) => (one.path < other.path ? -1 : 1)).slice(0, limit);
}

/** Writes a note as a member. One that is there is only replaced by who has read it: without If-Match it is `vault.changed`. */
export async function changeNote(
  vault: Vault,
  {
    path,
    bytes,
    trusted: isTrusted,
    ifMatch,
    ifNoneMatch,
  }: {
    path: string;
    bytes: Uint8Array;
    /** Whether the member vouches for the text. */
    trusted: boolean;
    ifMatch: string | undefined;
    ifNoneMatch: '*' | undefined;
  },
): Promise<{ note: NoteItem; isNew: boolean }> {
  refuseGenerated(path);
  const isUnconditional = ifMatch === undefined && ifNoneMatch === undefined;
  if (isUnconditional && (await readNote(vault.tx, vault.keys, path)) !== null)
    throw new FactotumError('vault.changed', 'There is a note here already. Read it and send its ETag in If-Match to replace it.');
  const note = await writeNote(vault.tx, vault.keys, {
    path,
    content: bytes,
    author: vault.actor,
    trusted: isTrusted,
    at: vault.now,
    ifMatch,
    // Somebody else may put a note here at this very moment.
    ifNoneMatch: isUnconditional ? '*' : ifNoneMatch,
  });
  const { etag, sizeBytes, trusted, updatedAt } = note;
  return {
    note: { path: note.path, etag, sizeBytes, trusted, generated: false, updatedAt: updatedAt.toISOString() },
    isNew: note.version === 1,
  };
}

export async function removeNote(vault: Vault, { path, ifMatch }: { path: string; ifMatch: string | undefined }): Promise<void> {
  refuseGenerated(path);
  await deleteNote(vault.tx, vault.keys, { path, author: vault.actor, trusted: true, at: vault.now, ifMatch });
}

/** Moves a note; if it is the question of an approval, that decides it, about what `ifMatch` proves to have been seen. */
export async function moveAnyNote(
  vault: Vault,
  { from, to, ifMatch, mayDecide }: { from: string; to: string; ifMatch: string | undefined; mayDecide: boolean },
): Promise<{ path: string; etag: string } | MovedNote> {
  if (!isGeneratedPath(from)) {
    refuseGenerated(to);
    const { path, etag } = await moveNote(vault.tx, vault.keys, { from, to, author: vault.actor, trusted: true, at: vault.now, ifMatch });
    return { path, etag };
  }
  if (!mayDecide) throw new FactotumError('auth.forbidden', 'Moving this note is a decision, which needs the permission approval:decide.');
  if (ifMatch === undefined)
    throw new FactotumError('approval.note_changed', 'Send the etag of the note as you read it in ifMatch: it proves what you saw.');
  return moveGenerated(vault, { from, to, ifMatch, actor: vault.actor });
}

function refuseGenerated(path: string): void {
  if (isGeneratedPath(path))
    throw new FactotumError(
      'vault.generated',
      `${path} is drawn from tasks and approvals, so nobody writes there. Answer the approval instead.`,
    );
}
