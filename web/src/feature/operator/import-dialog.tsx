import { useState } from 'react';
import { operatorText } from '#text/operator.ts';
import { upload } from '../../api/client.ts';
import { TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { useAct } from '../../ui/form/use-act.ts';

const words = operatorText;
/** What the server calls an archive with what opens it. */
const type = 'application/vnd.factotum.import';

/** Takes in an archive of another installation: a line with the passphrase, then the file as it is. */
export function ImportDialog({ onClose }: { onClose: () => void }) {
  const [file, setFile] = useState<File | null>(null);
  const [passphrase, setPassphrase] = useState('');
  const begin = useAct(
    async () => {
      if (file) await upload('/operator/imports', new Blob([`${JSON.stringify({ passphrase })}\n`, file], { type }));
    },
    { refresh: ['operator-jobs', 'operator-tenants'], said: words.importBegun, onDone: onClose },
  );
  return (
    <FormDialog title={words.importTitle} action={words.import} onClose={onClose} onSubmit={() => begin.mutateAsync()}>
      <p className="mb-4 text-muted">{words.importText}</p>
      <TextField
        label={words.importFile}
        type="file"
        required
        className="py-1 touch:py-2"
        onChange={(event) => setFile(event.target.files?.[0] ?? null)}
      />
      <TextField
        label={words.importPassphrase}
        type="password"
        required
        value={passphrase}
        onChange={(event) => setPassphrase(event.target.value)}
      />
    </FormDialog>
  );
}
