import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { vaultText } from '#text/vault.ts';
import { post } from '../../api/client.ts';
import { TextField } from '../../ui/field.tsx';
import { Confirm } from '../../ui/form/confirm.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { nameOf, removeNote, vaultKeys } from './queries.ts';

const words = vaultText.edit;

/** A note's path as people type it: without its ending it is Markdown. */
const pathOf = (typed: string): string => (/\.[a-z0-9]{1,8}$/i.test(typed.trim()) ? typed.trim() : `${typed.trim()}.md`);

/** Says where a new note will stand; it is saved in the editor. */
export function NewNoteDialog({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [path, setPath] = useState('');
  return (
    <FormDialog
      title={words.newTitle}
      action={words.begin}
      onClose={onClose}
      onSubmit={() => navigate({ to: '/vault/edit', search: { path: pathOf(path), new: true } })}
    >
      <TextField
        label={words.path}
        help={words.pathHelp}
        required
        autoFocus
        maxLength={500}
        spellCheck={false}
        value={path}
        onChange={(event) => setPath(event.target.value)}
      />
    </FormDialog>
  );
}

interface NoteDialogProps {
  path: string;
  /** Of the version that was read. */
  etag: string;
  onClose: () => void;
}

/** Gives a note another place or name. */
export function MoveDialog({ path, etag, onClose }: NoteDialogProps) {
  const navigate = useNavigate();
  const [to, setTo] = useState(path);
  const move = useAct(() => post<{ path: string }>('/vault/move', { from: path, to: pathOf(to), ifMatch: etag }), {
    said: words.renamed,
    onDone: (moved) => navigate({ to: '/vault/note', search: { path: moved.path }, replace: true }),
    refresh: ['vault-search', 'vault-history', 'playbooks'],
  });
  return (
    <FormDialog
      title={words.renameTitle(nameOf(path))}
      action={words.rename}
      isDisabled={pathOf(to) === path}
      onClose={onClose}
      onSubmit={async () => {
        await move.mutateAsync();
        onClose();
      }}
    >
      <TextField
        label={words.path}
        help={words.renameHelp}
        required
        autoFocus
        maxLength={500}
        spellCheck={false}
        value={to}
        onChange={(event) => setTo(event.target.value)}
      />
    </FormDialog>
  );
}

/** Asks before a note is deleted. */
export function DeleteDialog({ path, etag, onClose }: NoteDialogProps) {
  const navigate = useNavigate();
  const removal = useAct(() => removeNote(path, etag), {
    said: words.removed,
    onDone: () => navigate({ to: '/vault', replace: true }),
    refresh: vaultKeys.filter((key) => key !== 'vault'),
  });
  return (
    <Confirm title={words.removeTitle(nameOf(path))} action={words.remove} onClose={onClose} onConfirm={() => removal.mutateAsync()}>
      {words.removeText}
    </Confirm>
  );
}
