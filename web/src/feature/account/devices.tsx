import { Plus } from 'lucide-react';
import { useState } from 'react';
import { remove } from '../../api/client.ts';
import type { Device, DeviceMade } from '../../api/devices.ts';
import { listQuery } from '../../api/list.ts';
import { devicesText } from '../../text/devices.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogBody } from '../../ui/dialog.tsx';
import { Confirm } from '../../ui/form/confirm.tsx';
import { CopyValue } from '../../ui/form/copy-value.tsx';
import { ListCard, Row } from '../../ui/form/list-card.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { Section } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';
import { DeviceDialog } from './device-dialog.tsx';

const words = devicesText;
const devicesQuery = listQuery<Device>('devices', '/me/devices');

type Open = { is: 'new' } | { is: 'made'; made: DeviceMade } | { is: 'revoke'; device: Device };

/** What reaches the vault of this tenant in the person's name. */
export function DeviceSection() {
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  const revoke = useAct((id: string) => remove(`/me/devices/${encodeURIComponent(id)}`), { refresh: ['devices'], said: words.revoked });
  return (
    <Section
      title={words.title}
      card={false}
      side={
        <Button size="small" onClick={() => setOpen({ is: 'new' })}>
          <Plus size={13} aria-hidden="true" />
          {words.add}
        </Button>
      }
    >
      <ListCard query={devicesQuery} keyOf={({ id }) => id} rows={1} empty={<p className="px-4 py-4 text-muted">{words.none}</p>}>
        {(device) => <DeviceRow device={device} onRevoke={() => setOpen({ is: 'revoke', device })} />}
      </ListCard>
      {open?.is === 'new' && <DeviceDialog onClose={close} onMade={(made) => setOpen({ is: 'made', made })} />}
      {open?.is === 'made' && <MadeDialog token={open.made.token} onClose={close} />}
      {open?.is === 'revoke' && (
        <Confirm
          title={words.revokeTitle(open.device.name)}
          action={words.revoke}
          onClose={close}
          onConfirm={() => revoke.mutateAsync(open.device.id)}
        >
          {words.revokeText}
        </Confirm>
      )}
    </Section>
  );
}

function DeviceRow({ device, onRevoke }: { device: Device; onRevoke: () => void }) {
  const { name, start, permissions, lastUsedAt, expiresAt } = device;
  return (
    <Row
      title={name}
      note={
        <>
          <span className="font-mono">{start}…</span> ·{' '}
          {permissions.map((permission) => words.permissions[permission] ?? permission).join(', ')} ·{' '}
          {lastUsedAt ? (
            <>
              {words.used} <Time at={lastUsedAt} />
            </>
          ) : (
            words.neverUsed
          )}
          {expiresAt && (
            <>
              {' '}
              · {words.until} <Time at={expiresAt} short />
            </>
          )}
        </>
      }
      side={
        <Button look="quiet" size="small" aria-label={words.revokeLabel(name)} onClick={onRevoke}>
          {words.revoke}
        </Button>
      }
    />
  );
}

function MadeDialog({ token, onClose }: { token: string; onClose: () => void }) {
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={words.madeTitle}
      footer={
        <Button look="primary" onClick={onClose}>
          {words.done}
        </Button>
      }
    >
      <DialogBody>
        <p className="mb-3 text-muted">{words.madeText}</p>
        <CopyValue label={words.address} value={`${location.origin}/webdav/`} />
        <CopyValue label={words.token} value={token} />
      </DialogBody>
    </Dialog>
  );
}
