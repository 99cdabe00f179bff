import { type ReactNode, useState } from 'react';
import { TextField } from '../field.tsx';
import { FormDialog } from './form-dialog.tsx';

interface ConfirmProps {
  title: string;
  action: string;
  /** What will happen, in a sentence or two. */
  children: ReactNode;
  onClose: () => void;
  onConfirm: () => Promise<unknown>;
  /** What must be typed before the button works, with the label of its field. */
  typed?: { word: string; label: string };
}

/** Asks once more before something that is hard to take back. */
export function Confirm({ title, action, children, onClose, onConfirm, typed }: ConfirmProps) {
  const [word, setWord] = useState('');
  return (
    <FormDialog
      title={title}
      action={action}
      onClose={onClose}
      isDangerous
      isDisabled={typed !== undefined && word !== typed.word}
      onSubmit={async () => {
        await onConfirm();
        onClose();
      }}
    >
      <div className="text-muted">{children}</div>
      {typed && (
        <div className="mt-4">
          <TextField label={typed.label} value={word} onChange={(event) => setWord(event.target.value)} spellCheck={false} autoFocus />
        </div>
      )}
    </FormDialog>
  );
}
