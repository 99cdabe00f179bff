import { useState } from 'react';
import { moneyText } from '#text/money.ts';
import { upload } from '../../api/client.ts';
import type { LedgerImport } from '../../api/ledger.ts';
import { TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { ImportResult } from './import-result.tsx';

const words = moneyText;

interface ImportDialogProps {
  onClose: () => void;
  /** The file waits until somebody says how to read it. */
  onAsked: (asked: NonNullable<LedgerImport['needsMapping']>) => void;
}

/** Takes in a file as a bank exports it. */
export function ImportDialog({ onClose, onAsked }: ImportDialogProps) {
  const [file, setFile] = useState<File | null>(null);
  const take = useAct(
    (chosen: File) =>
      upload<LedgerImport>(
        `/ledger/imports?name=${encodeURIComponent(chosen.name.slice(-200))}`,
        new Blob([chosen], { type: 'application/octet-stream' }),
      ),
    { refresh: ['ledger'], onDone: ({ needsMapping }) => needsMapping && onAsked(needsMapping) },
  );
  if (take.data) return take.data.needsMapping === null && <ImportResult imported={take.data} onClose={onClose} />;
  return (
    <FormDialog
      title={words.importTitle}
      action={words.importNow}
      onClose={onClose}
      onSubmit={async () => {
        if (file) await take.mutateAsync(file);
      }}
    >
      <TextField
        label={words.file}
        help={words.fileHelp}
        type="file"
        required
        className="py-1 touch:py-2"
        onChange={(event) => setFile(event.target.files?.[0] ?? null)}
      />
    </FormDialog>
  );
}
