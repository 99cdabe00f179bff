import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Building2, KeyRound } from 'lucide-react';
import { useId, useState } from 'react';
import { peopleText } from '#text/people.ts';
import { text } from '#text/work.ts';
import { get, post } from '../../api/client.ts';
import type { StepUp } from '../../api/identity.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { Dialog, DialogBody } from '../../ui/dialog.tsx';
import { ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { TextField } from '../../ui/field.tsx';
import { CodeField } from '../../ui/form/code-field.tsx';
import { FormError } from '../../ui/form/form-error.tsx';
import { hasPasskeys, proveByPasskey } from './passkey.ts';
import { meKey, signOut } from './session.ts';

const words = peopleText.stepUp;

/** Asks for what this person has: a password, a code, a passkey, or the way over the identity provider. */
export default function StepUpDialog({ onDone, onClose }: { onDone: () => void; onClose: () => void }) {
  const formId = useId();
  const [typed, setTyped] = useState('');
  const ways = useQuery({
    queryKey: ['step-up'],
    queryFn: ({ signal }) => get<StepUp>('/session/step-up', { signal }),
    staleTime: 0,
    gcTime: 0,
  });
  const methods = ways.data?.methods ?? [];
  const typedKind = methods.includes('password') ? 'password' : methods.includes('totp') ? 'code' : null;
  const byWord = useMutation({
    mutationFn: () => post('/session/step-up', typedKind === 'password' ? { password: typed } : { code: typed.trim() }),
    onSuccess: onDone,
    onError: () => setTyped(''),
  });
  const byPasskey = useMutation({ mutationFn: () => proveByPasskey('/session/step-up/passkey'), onSuccess: onDone });
  const isBusy = byWord.isPending || byPasskey.isPending;
  const mayPasskey = methods.includes('passkey') && hasPasskeys();
  return (
    <Dialog
      isOpen
      isAbove
      onClose={onClose}
      title={words.title}
      footer={
        <>
          <Button onClick={onClose}>{text.common.cancel}</Button>
          {typedKind && (
            <Button look="primary" type="submit" form={formId} disabled={isBusy}>
              {words.confirm}
            </Button>
          )}
        </>
      }
    >
      <DialogBody>
        <p className="mb-4 text-muted">{words.text}</p>
        {ways.error && <ErrorBox error={ways.error} onRetry={ways.refetch} />}
        {ways.isPending && <Skeleton rows={1} />}
        <FormError error={byWord.error ?? byPasskey.error} />
        {typedKind && (
          <form
            id={formId}
            onSubmit={(event) => {
              event.preventDefault();
              event.stopPropagation();
              byWord.mutate();
            }}
          >
            {typedKind === 'password' ? (
              <TextField
                label={words.password}
                type="password"
                autoComplete="current-password"
                required
                autoFocus
                value={typed}
                onChange={(event) => setTyped(event.target.value)}
              />
            ) : (
              <CodeField label={words.code} value={typed} onChange={setTyped} />
            )}
          </form>
        )}
        {mayPasskey && (
          <Button look={typedKind ? 'plain' : 'primary'} className="mt-3 w-full" disabled={isBusy} onClick={() => byPasskey.mutate()}>
            <KeyRound size={14} aria-hidden="true" />
            {words.passkey}
          </Button>
        )}
        {methods.includes('sso') && <OverProvider />}
        {ways.data && !typedKind && !mayPasskey && !methods.includes('sso') && <OverLink />}
      </DialogBody>
    </Dialog>
  );
}

/** Leaves the page, so what was asked for has to be asked for once more. */
function OverProvider() {
  const search = new URLSearchParams({ purpose: 'step-up', to: location.pathname + location.search });
  return (
    <div className="mt-3">
      <a href={`/api/v1/sso/start?${search}`} className={cx(buttonClass('plain'), 'w-full')}>
        <Building2 size={14} aria-hidden="true" />
        {words.sso}
      </a>
      <p className="mt-1 text-muted text-note">{words.ssoText}</p>
    </div>
  );
}

function OverLink() {
  const client = useQueryClient();
  const leave = useMutation({ mutationFn: signOut, onSuccess: () => client.setQueryData(meKey, null) });
  return (
    <>
      <p className="mb-3">{words.link}</p>
      <Button look="primary" onClick={() => leave.mutate()}>
        {words.signInAgain}
      </Button>
    </>
  );
}
