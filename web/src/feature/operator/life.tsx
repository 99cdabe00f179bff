import { type ReactNode, useState } from 'react';
import { operatorText } from '#text/operator.ts';
import { post } from '../../api/client.ts';
import type { TenantItem } from '../../api/tenancy.ts';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/field.tsx';
import { Confirm } from '../../ui/form/confirm.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { Section } from '../../ui/page.tsx';
import { tenantPath } from './queries.ts';

const words = operatorText;
const refresh = ['operator-tenants', 'operator-tenant', 'operator-jobs'];
type Verb = 'suspend' | 'close' | 'erase';

/** What an operator can do to a tenant, the harmless first. */
export function LifeBlock({ tenant }: { tenant: TenantItem }) {
  const [open, setOpen] = useState<Verb | null>(null);
  const close = () => setOpen(null);
  const act = (verb: string, said: string) => ({ path: `${tenantPath(tenant.id)}/${verb}`, said });
  const resume = useAct(() => post(act('resume', '').path, {}), { refresh, said: words.resumed, toastsErrors: true });
  const end = useAct(({ path }: { path: string; said: string }) => post(path, { name: tenant.name }), {
    refresh,
    said: ({ said }) => said,
  });
  const typed = { word: tenant.name, label: words.typed(tenant.name) };
  return (
    <Section title={words.life}>
      <div className="divide-y divide-line">
        {tenant.state === 'active' && (
          <Item text={words.suspendText}>
            <Button onClick={() => setOpen('suspend')}>{words.suspend}…</Button>
          </Item>
        )}
        {(tenant.state === 'suspended' || tenant.state === 'closing') && (
          <Item text={words.states[tenant.state] ?? tenant.state}>
            <Button look="primary" disabled={resume.isPending} onClick={() => resume.mutate()}>
              {words.resume}
            </Button>
          </Item>
        )}
        {tenant.state !== 'closing' && (
          <Item text={words.closeText}>
            <Button look="danger" onClick={() => setOpen('close')}>
              {words.close}…
            </Button>
          </Item>
        )}
        {tenant.state === 'closing' && (
          <Item text={words.eraseText}>
            <Button look="danger" onClick={() => setOpen('erase')}>
              {words.erase}…
            </Button>
          </Item>
        )}
      </div>
      {open === 'suspend' && <SuspendDialog tenant={tenant} onClose={close} />}
      {open === 'close' && (
        <Confirm
          title={words.closeTitle(tenant.name)}
          action={words.closeNow}
          typed={typed}
          onClose={close}
          onConfirm={() => end.mutateAsync(act('close', words.closed))}
        >
          {words.closeText}
        </Confirm>
      )}
      {open === 'erase' && (
        <Confirm
          title={words.eraseTitle(tenant.name)}
          action={words.erase}
          typed={typed}
          onClose={close}
          onConfirm={() => end.mutateAsync(act('erase', words.erased))}
        >
          {words.eraseText}
        </Confirm>
      )}
    </Section>
  );
}

function Item({ text, children }: { text: string; children: ReactNode }) {
  return (
    <div className="flex flex-wrap items-center justify-between gap-3 px-4 py-3">
      <p className="min-w-0 flex-1 basis-60 text-muted">{text}</p>
      {children}
    </div>
  );
}

function SuspendDialog({ tenant, onClose }: { tenant: TenantItem; onClose: () => void }) {
  const [reason, setReason] = useState('');
  const suspend = useAct(() => post(`${tenantPath(tenant.id)}/suspend`, { reason: reason.trim() }), {
    refresh,
    said: words.suspended,
    onDone: onClose,
  });
  return (
    <FormDialog
      title={words.suspendTitle(tenant.name)}
      action={words.suspend}
      isDangerous
      onClose={onClose}
      onSubmit={() => suspend.mutateAsync()}
    >
      <p className="mb-4 text-muted">{words.suspendText}</p>
      <TextField
        label={words.reason}
        help={words.reasonHelp}
        required
        maxLength={200}
        autoFocus
        value={reason}
        onChange={(event) => setReason(event.target.value)}
      />
    </FormDialog>
  );
}
