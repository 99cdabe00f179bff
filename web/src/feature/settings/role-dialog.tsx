import { useState } from 'react';
import { settingsText } from '#text/settings.ts';
import { post, put } from '../../api/client.ts';
import type { Role } from '../../api/identity.ts';
import { TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { PermissionChoice } from './permission-choice.tsx';

const words = settingsText.roles;

/** Makes a role of the tenant's own, or changes one. */
export function RoleDialog({ current: role, onClose }: { current: Role | null; onClose: () => void }) {
  const [title, setTitle] = useState(role?.title ?? '');
  const [permissions, setPermissions] = useState(role?.permissions ?? []);
  const body = { title: title.trim(), permissions };
  const save = useAct(
    () => (role?.id ? put(`/roles/${encodeURIComponent(role.id)}`, body) : post('/roles', { name: nameOf(title), ...body })),
    {
      refresh: ['roles', 'me'],
      said: settingsText.saved,
      onDone: onClose,
    },
  );
  return (
    <FormDialog
      title={role?.title ?? words.newTitle}
      action={settingsText.save}
      isDisabled={permissions.length === 0}
      wide
      onClose={onClose}
      onSubmit={() => save.mutateAsync()}
    >
      <TextField
        label={words.title}
        help={words.titleHelp}
        required
        maxLength={60}
        autoFocus
        value={title}
        onChange={(event) => setTitle(event.target.value)}
      />
      <PermissionChoice value={permissions} onChange={setPermissions} />
    </FormDialog>
  );
}

/** The name that programs use: the title in small letters without accents. */
const nameOf = (title: string): string =>
  title
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
