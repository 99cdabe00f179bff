import { vaultText } from '#text/vault.ts';
import { post } from '../../api/client.ts';
import type { NoteVersion } from '../../api/vault.ts';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { vaultKeys } from './queries.ts';

const words = vaultText.history;

interface RestoreDialogProps {
  version: NoteVersion;
  onClose: () => void;
  onRestored: () => void;
}

/** Asks before a note becomes what it was: nothing is lost by it, but whoever does it vouches for the text. */
export function RestoreDialog({ version, onClose, onRestored }: RestoreDialogProps) {
  const address = `/vault/history/${encodeURIComponent(version.id)}/versions/${version.version}/restore`;
  const restore = useAct(() => post(address, {}), { refresh: vaultKeys, said: words.restored, onDone: onRestored });
  return (
    <FormDialog
      title={words.restoreTitle(version.version)}
      action={words.restore}
      onClose={onClose}
      onSubmit={async () => {
        await restore.mutateAsync();
        onClose();
      }}
    >
      <p className="text-muted">
        <ForeignText value={words.restoreText(version.path)} cutAt={500} />
      </p>
      {!version.trusted && <p className="mt-2 font-medium text-warn">{words.vouch}</p>}
    </FormDialog>
  );
}
