import { type ReactNode, useId, useState } from 'react';
import { text } from '#text/work.ts';
import { Button } from '../button.tsx';
import { Dialog, DialogBody } from '../dialog.tsx';
import { FormError } from './form-error.tsx';

interface FormDialogProps {
  title: string;
  /** The word on the button that sends. */
  action: string;
  onClose: () => void;
  /** A refusal is shown in the dialog, and what was typed stays. */
  onSubmit: () => Promise<unknown>;
  isDangerous?: boolean;
  isDisabled?: boolean;
  wide?: boolean;
  children: ReactNode;
}

/** A dialog with a form: one thing to fill in, one button that sends it. */
export function FormDialog({ title, action, onClose, onSubmit, isDangerous, isDisabled, wide = false, children }: FormDialogProps) {
  const formId = useId();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const submit = async () => {
    setBusy(true);
    setError(null);
    try {
      await onSubmit();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={title}
      wide={wide}
      footer={
        <>
          <Button onClick={onClose}>{text.common.cancel}</Button>
          <Button look={isDangerous ? 'danger' : 'primary'} type="submit" form={formId} disabled={isBusy || isDisabled === true}>
            {action}
          </Button>
        </>
      }
    >
      <DialogBody>
        <FormError error={error} />
        <form
          id={formId}
          onSubmit={(event) => {
            event.preventDefault();
            event.stopPropagation();
            void submit();
          }}
        >
          {children}
        </form>
      </DialogBody>
    </Dialog>
  );
}
