import { useState } from 'react';
import { devicesText } from '#text/devices.ts';
import { post } from '../../api/client.ts';
import { type DeviceMade, devicePermissions } from '../../api/devices.ts';
import { TextField } from '../../ui/field.tsx';
import { CheckList } from '../../ui/form/check-list.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { useSignedIn } from '../session/session.ts';

const words = devicesText;
const dayMs = 86_400_000;
const expiries = ['30', '90', '365', '730'] as const;

interface Draft {
  name: string;
  permissions: string[];
  days: string;
}

/** Gives a device access: a name, what it may do, how long. */
export function DeviceDialog({ onMade, onClose }: { onMade: (made: DeviceMade) => void; onClose: () => void }) {
  const own = useSignedIn().permissions;
  const [draft, setDraft] = useState<Draft>({
    name: '',
    permissions: devicePermissions.filter((permission) => permission.startsWith('vault:') && own.includes(permission)),
    days: '365',
  });
  const set = (part: Partial<typeof draft>) => setDraft({ ...draft, ...part });
  const make = useAct(
    () =>
      post<DeviceMade>('/me/devices', {
        name: draft.name.trim(),
        permissions: draft.permissions,
        // A minute less, so that two years are within the server's limit whatever this clock says.
        expiresAt: new Date(Date.now() + Number(draft.days) * dayMs - 60_000).toISOString(),
      }),
    { refresh: ['devices'], onDone: onMade },
  );
  return (
    <FormDialog
      title={words.addTitle}
      action={words.create}
      isDisabled={draft.permissions.length === 0}
      onClose={onClose}
      onSubmit={() => make.mutateAsync()}
    >
      <TextField
        label={words.name}
        help={words.nameHelp}
        required
        maxLength={100}
        autoFocus
        value={draft.name}
        onChange={(event) => set({ name: event.target.value })}
      />
      <CheckList
        legend={words.may}
        items={devicePermissions.map((permission) => ({
          value: permission,
          label: words.permissions[permission],
          help: own.includes(permission) ? undefined : words.cannot,
          isDisabled: !own.includes(permission),
        }))}
        value={draft.permissions}
        onChange={(permissions) => set({ permissions })}
      />
      <SelectField
        label={words.expires}
        value={draft.days}
        choices={expiries.map((value) => ({ value, label: words.expiries[value] }))}
        onChange={(event) => set({ days: event.target.value })}
      />
    </FormDialog>
  );
}
