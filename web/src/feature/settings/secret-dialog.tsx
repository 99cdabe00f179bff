import type { ReactNode } from 'react';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogBody } from '../../ui/dialog.tsx';
import { CopyValue } from '../../ui/form/copy-value.tsx';

interface SecretDialogProps {
  title: string;
  text: string;
  label: string;
  value: string;
  done: string;
  onClose: () => void;
  children?: ReactNode;
}

/** A secret that is shown once. */
export function SecretDialog({ title, text, label, value, done, onClose, children }: SecretDialogProps) {
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={title}
      footer={
        <Button look="primary" onClick={onClose}>
          {done}
        </Button>
      }
    >
      <DialogBody>
        <p className="mb-3 text-muted">{text}</p>
        <CopyValue label={label} value={value} />
        {children}
      </DialogBody>
    </Dialog>
  );
}
