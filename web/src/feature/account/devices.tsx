import { useState } from 'react';
import { devicesText } from '#text/devices.ts';
import type { Device, DeviceMade } from '../../api/devices.ts';
import { listQuery } from '../../api/list.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogBody } from '../../ui/dialog.tsx';
import { CopyValue } from '../../ui/form/copy-value.tsx';
import { ListCard, Row } from '../../ui/form/list-card.tsx';
import { NewButton } from '../../ui/form/new-button.tsx';
import { Removal } from '../../ui/form/removal.tsx';
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
  return (
    <Section title={words.title} card={false} side={<NewButton small label={words.add} onClick={() => setOpen({ is: 'new' })} />}>
      <ListCard query={devicesQuery} keyOf={({ id }) => id} rows={1} empty={<p className="px-4 py-4 text-muted">{words.none}</p>}>
        {(device) => <DeviceRow device={device} onRevoke={() => setOpen({ is: 'revoke', device })} />}
      </ListCard>
      {open?.is === 'new' && <DeviceDialog onClose={close} onMade={(made) => setOpen({ is: 'made', made })} />}
      {open?.is === 'made' && <MadeDialog token={open.made.token} onClose={close} />}
      {open?.is === 'revoke' && (
        <Removal
          path={`/me/devices/${encodeURIComponent(open.device.id)}`}
          refresh={['devices']}
          title={words.revokeTitle(open.device.name)}
          action={words.revoke}
          said={words.revoked}
          onClose={close}
        >
          {words.revokeText}
        </Removal>
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
