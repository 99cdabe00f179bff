import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { encode } from 'uqr';
import { peopleText } from '#text/people.ts';
import { post } from '../../api/client.ts';
import type { Account } from '../../api/identity.ts';
import { Button } from '../../ui/button.tsx';
import { CodeField } from '../../ui/form/code-field.tsx';
import { CopyValue } from '../../ui/form/copy-value.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { Row } from '../../ui/form/list-card.tsx';
import { Removal } from '../../ui/form/removal.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { meKey } from '../session/session.ts';
import { RecoveryCodes } from './recovery-codes.tsx';

const words = peopleText.account;

interface Enrolment {
  uri: string;
  secret: string;
}

type Open = { kind: 'set-up'; enrolment: Enrolment } | { kind: 'remove' } | { kind: 'codes'; codes: string[] };

/** The authenticator app and the recovery codes that stand in for it. */
export function TotpRow({ account }: { account: Account }) {
  const [open, setOpen] = useState<Open | null>(null);
  const client = useQueryClient();
  const close = () => {
    setOpen(null);
    // Only now: a tenant that asked for a second factor lets the person in, and this page goes.
    void client.invalidateQueries({ queryKey: meKey });
  };
  const begin = useAct(() => post<Enrolment>('/account/totp', {}), {
    toastsErrors: true,
    onDone: (enrolment) => setOpen({ kind: 'set-up', enrolment }),
  });
  const renew = useAct(() => post<{ recoveryCodes: string[] }>('/account/recovery-codes', {}), {
    refresh: ['account'],
    toastsErrors: true,
    onDone: ({ recoveryCodes }) => setOpen({ kind: 'codes', codes: recoveryCodes }),
  });
  return (
    <>
      <Row
        title={words.totp}
        note={account.totp ? words.totpOn(account.recoveryCodesLeft) : words.totpOff}
        side={
          account.totp ? (
            <>
              <Button look="quiet" size="small" onClick={() => setOpen({ kind: 'remove' })}>
                {words.totpRemove}
              </Button>
              <Button size="small" disabled={renew.isPending} onClick={() => renew.mutate()}>
                {words.recoveryNew}
              </Button>
            </>
          ) : (
            <Button size="small" disabled={begin.isPending} onClick={() => begin.mutate()}>
              {words.totpSetUp}
            </Button>
          )
        }
      />
      {open?.kind === 'set-up' && (
        <EnrolDialog enrolment={open.enrolment} onClose={close} onCodes={(codes) => setOpen({ kind: 'codes', codes })} />
      )}
      {open?.kind === 'codes' && <RecoveryCodes codes={open.codes} onClose={close} />}
      {open?.kind === 'remove' && (
        <Removal
          path={'/account/totp'}
          refresh={['account']}
          title={words.totpRemoveTitle}
          action={words.totpRemove}
          said={words.totpRemoved}
          onClose={close}
        >
          {words.totpRemoveText}
        </Removal>
      )}
    </>
  );
}

interface EnrolDialogProps {
  enrolment: Enrolment;
  onClose: () => void;
  onCodes: (codes: string[]) => void;
}

function EnrolDialog({ enrolment, onClose, onCodes }: EnrolDialogProps) {
  const [code, setCode] = useState('');
  const confirm = useAct(() => post<{ recoveryCodes: string[] }>('/account/totp/confirm', { code: code.replaceAll(' ', '') }), {
    refresh: ['account'],
    onDone: ({ recoveryCodes }) => onCodes(recoveryCodes),
  });
  return (
    <FormDialog title={words.totpTitle} action={words.totpConfirm} onClose={onClose} onSubmit={() => confirm.mutateAsync()}>
      <p className="mb-3 text-muted">{words.totpScan}</p>
      <QrCode value={enrolment.uri} label={words.totpQr} />
      <CopyValue label={words.totpSecret} value={enrolment.secret} />
      <CodeField label={words.totpCode} value={code} onChange={setCode} />
    </FormDialog>
  );
}

/** Drawn dark on light in both themes: many scanners read nothing else. */
function QrCode({ value, label }: { value: string; label: string }) {
  const { size, data } = encode(value, { ecc: 'M', border: 2 });
  const path = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : []))).join('');
  return (
    <svg
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label={label}
      shapeRendering="crispEdges"
      className="mx-auto mb-4 block size-48 rounded-control border border-line bg-paper"
    >
      <path d={path} className="fill-print" />
    </svg>
  );
}
