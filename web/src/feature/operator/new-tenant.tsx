import { useState } from 'react';
import { operatorText } from '#text/operator.ts';
import { post } from '../../api/client.ts';
import type { TenantItem } from '../../api/tenancy.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogBody } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { CopyValue } from '../../ui/form/copy-value.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { useAct } from '../../ui/form/use-act.ts';

const words = operatorText;

/** A tenant and its first owner. */
export function NewTenantDialog({ onClose }: { onClose: () => void }) {
  const [draft, setDraft] = useState({ name: '', title: '', ownerEmail: '' });
  const set = (part: Partial<typeof draft>) => setDraft({ ...draft, ...part });
  const ownerEmail = draft.ownerEmail.trim();
  const make = useAct(
    () => post<TenantItem>('/operator/tenants', { name: draft.name, ...(draft.title !== '' && { title: draft.title }), ownerEmail }),
    { refresh: ['operator-tenants'] },
  );
  if (make.data) {
    return (
      <Dialog
        isOpen
        onClose={onClose}
        title={words.created}
        footer={
          <Button look="primary" onClick={onClose}>
            {words.done}
          </Button>
        }
      >
        <DialogBody>
          <p className="mb-3 text-muted">{words.createdText(ownerEmail)}</p>
          <CopyValue label={words.link} value={words.command(make.data.name, ownerEmail)} />
        </DialogBody>
      </Dialog>
    );
  }
  return (
    <FormDialog title={words.new} action={words.create} onClose={onClose} onSubmit={() => make.mutateAsync()}>
      <TextField
        label={words.name}
        help={words.nameHelp}
        required
        pattern="[a-z0-9][a-z0-9\-]{1,39}"
        autoFocus
        spellCheck={false}
        value={draft.name}
        onChange={(event) => set({ name: event.target.value })}
      />
      <TextField
        label={words.shownName}
        help={words.shownNameHelp}
        maxLength={100}
        value={draft.title}
        onChange={(event) => set({ title: event.target.value })}
      />
      <TextField
        label={words.ownerEmail}
        type="email"
        required
        value={draft.ownerEmail}
        onChange={(event) => set({ ownerEmail: event.target.value })}
      />
    </FormDialog>
  );
}
