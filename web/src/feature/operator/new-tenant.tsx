import { useState } from 'react';
import { post } from '../../api/client.ts';
import { operatorText } from '../../text/operator.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogBody } from '../../ui/dialog.tsx';
import { TextField } from '../../ui/field.tsx';
import { CopyValue } from '../../ui/form/copy-value.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { useAct } from '../../ui/form/use-act.ts';

const words = operatorText;

interface Made {
  id: string;
  /** The owner's sign-in link when no mail could be sent. */
  url: string | null;
}

/** A tenant and its first owner. */
export function NewTenantDialog({ onClose }: { onClose: () => void }) {
  const [draft, setDraft] = useState({ name: '', ownerEmail: '', ownerName: '' });
  const set = (part: Partial<typeof draft>) => setDraft({ ...draft, ...part });
  const make = useAct(
    () =>
      post<Made>('/operator/tenants', { name: draft.name.trim(), owner: { email: draft.ownerEmail.trim(), name: draft.ownerName.trim() } }),
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
          <p className="mb-3 text-muted">{make.data.url ? words.createdLink(draft.ownerEmail) : words.createdMailed(draft.ownerEmail)}</p>
          {make.data.url && <CopyValue label={words.link} value={make.data.url} />}
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
        autoFocus
        spellCheck={false}
        value={draft.name}
        onChange={(event) => set({ name: event.target.value })}
      />
      <TextField label={words.ownerName} required value={draft.ownerName} onChange={(event) => set({ ownerName: event.target.value })} />
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
