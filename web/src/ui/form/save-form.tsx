import type { ReactNode } from 'react';
import { settingsText } from '#text/settings.ts';
import { Button } from '../button.tsx';
import { FormError } from './form-error.tsx';

interface SaveFormProps {
  isChanged: boolean;
  isBusy: boolean;
  error: unknown;
  onSave: () => void;
  onReset: () => void;
  /** Without the permission everything is shown and nothing can be typed. */
  isReadOnly?: boolean;
  /** More that can be done with all fields at once. */
  side?: ReactNode;
  children: ReactNode;
}

/** A form that is saved as a whole; its buttons work once something has changed. */
export function SaveForm({ isChanged, isBusy, error, onSave, onReset, isReadOnly = false, side, children }: SaveFormProps) {
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onSave();
      }}
    >
      {isReadOnly && <p className="mb-4 text-muted">{settingsText.readOnly}</p>}
      <fieldset disabled={isReadOnly} className="mb-4">
        {children}
      </fieldset>
      <FormError error={error} />
      {!isReadOnly && (
        <div className="flex flex-wrap gap-2">
          <Button look="primary" type="submit" disabled={!isChanged || isBusy}>
            {settingsText.save}
          </Button>
          {isChanged && (
            <Button look="quiet" onClick={onReset}>
              {settingsText.reset}
            </Button>
          )}
          {side}
        </div>
      )}
    </form>
  );
}
