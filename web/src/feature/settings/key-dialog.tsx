import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { securityText } from '#text/security.ts';
import { post } from '../../api/client.ts';
import type { KeyMade } from '../../api/identity.ts';
import { TextField } from '../../ui/field.tsx';
import { Columns } from '../../ui/form/columns.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { PermissionChoice } from './permission-choice.tsx';
import { serviceAccountsQuery } from './queries.ts';

const words = securityText.keys;
const dayMs = 86_400_000;
const expiries = ['30', '90', '365', 'never'] as const;

/** Makes a key: a name, what it may do, how long. */
export function KeyDialog({ onMade, onClose }: { onMade: (made: KeyMade) => void; onClose: () => void }) {
  const [draft, setDraft] = useState({ name: '', permissions: [] as string[], expiry: '90', perMinute: '', serviceAccountId: '' });
  const set = (part: Partial<typeof draft>) => setDraft({ ...draft, ...part });
  const accounts = useInfiniteQuery(serviceAccountsQuery).data?.pages.flatMap((page) => page.items) ?? [];
  const make = useAct(
    () =>
      post<KeyMade>('/api-keys', {
        name: draft.name.trim(),
        permissions: draft.permissions,
        ...(draft.expiry !== 'never' && { expiresAt: new Date(Date.now() + Number(draft.expiry) * dayMs).toISOString() }),
        ...(draft.perMinute !== '' && { perMinute: Number(draft.perMinute) }),
        ...(draft.serviceAccountId !== '' && { serviceAccountId: draft.serviceAccountId }),
      }),
    { refresh: ['api-keys', 'service-accounts'], onDone: onMade },
  );
  return (
    <FormDialog
      title={words.newTitle}
      action={words.create}
      isDisabled={draft.permissions.length === 0}
      wide
      onClose={onClose}
      onSubmit={() => make.mutateAsync()}
    >
      <TextField
        label={words.name}
        help={words.nameHelp}
        required
        maxLength={60}
        autoFocus
        value={draft.name}
        onChange={(event) => set({ name: event.target.value })}
      />
      <Columns>
        <SelectField
          label={words.expires}
          value={draft.expiry}
          choices={expiries.map((value) => ({ value, label: words.expiries[value] }))}
          onChange={(event) => set({ expiry: event.target.value })}
        />
        <TextField
          label={words.perMinute}
          help={words.perMinuteHelp}
          type="number"
          min={1}
          value={draft.perMinute}
          onChange={(event) => set({ perMinute: event.target.value })}
        />
      </Columns>
      {accounts.length > 0 && (
        <SelectField
          label={words.belongs}
          value={draft.serviceAccountId}
          choices={[{ value: '', label: words.belongsMe }, ...accounts.map(({ id, name }) => ({ value: id, label: name }))]}
          onChange={(event) => set({ serviceAccountId: event.target.value })}
        />
      )}
      <PermissionChoice value={draft.permissions} onChange={(permissions) => set({ permissions })} />
    </FormDialog>
  );
}
