import { useState } from 'react';
import { settingsText } from '#text/settings.ts';
import { post } from '../../api/client.ts';
import { CheckField, TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { useAct } from '../../ui/form/use-act.ts';

const words = settingsText.closing;

/** The passphrase that seals the archive, and whether secrets go with it. */
export function ExportDialog({ onClose }: { onClose: () => void }) {
  const [draft, setDraft] = useState({ passphrase: '', repeated: '', secrets: false });
  const set = (part: Partial<typeof draft>) => setDraft({ ...draft, ...part });
  const isDifferent = draft.repeated !== '' && draft.repeated !== draft.passphrase;
  const begin = useAct(() => post<{ jobId: string }>('/exports', { passphrase: draft.passphrase, secrets: draft.secrets }), {
    refresh: ['jobs'],
    onDone: onClose,
  });
  return (
    <FormDialog
      title={words.exportTitle}
      action={words.exportNow}
      isDisabled={draft.repeated !== draft.passphrase}
      onClose={onClose}
      onSubmit={() => begin.mutateAsync()}
    >
      <TextField
        label={words.passphrase}
        help={words.passphraseHelp}
        type="password"
        autoComplete="new-password"
        minLength={12}
        required
        autoFocus
        value={draft.passphrase}
        onChange={(event) => set({ passphrase: event.target.value })}
      />
      <TextField
        label={words.repeat}
        error={isDifferent ? words.mismatch : null}
        type="password"
        autoComplete="new-password"
        required
        value={draft.repeated}
        onChange={(event) => set({ repeated: event.target.value })}
      />
      <CheckField
        label={words.secrets}
        help={words.secretsHelp}
        checked={draft.secrets}
        onChange={(event) => set({ secrets: event.target.checked })}
      />
    </FormDialog>
  );
}
