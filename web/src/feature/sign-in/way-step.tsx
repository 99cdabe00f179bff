import { useMutation } from '@tanstack/react-query';
import { Building2, KeyRound, Mail } from 'lucide-react';
import { useState } from 'react';
import { peopleText } from '#text/people.ts';
import { post } from '../../api/client.ts';
import type { SecondFactor, SignInWays } from '../../api/identity.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { TextField } from '../../ui/field.tsx';
import { FormError } from '../../ui/form/form-error.tsx';
import { linkClass } from '../../ui/link.ts';
import { hasPasskeys, proveByPasskey } from '../session/passkey.ts';

const words = peopleText.signIn;

interface WayStepProps {
  email: string;
  ways: SignInWays;
  to: string;
  onSignedIn: () => unknown;
  onSecond: (factors: SecondFactor[]) => void;
  onMailed: () => void;
  onBack: () => void;
}

/** The ways that there are for an address: the company's identity provider first, then password, passkey and mailed link. */
export function WayStep({ email, ways, to, onSignedIn, onSecond, onMailed, onBack }: WayStepProps) {
  const [password, setPassword] = useState('');
  const byPassword = useMutation({
    mutationFn: () => post<{ secondFactor: SecondFactor[] } | undefined>('/session/password', { email, password }),
    onSuccess: (asked) => (asked?.secondFactor ? onSecond(asked.secondFactor) : onSignedIn()),
  });
  const byPasskey = useMutation({ mutationFn: () => proveByPasskey('/session/passkey'), onSuccess: onSignedIn });
  const byLink = useMutation({ mutationFn: () => post('/session/link', { email }), onSuccess: onMailed });
  const isBusy = byPassword.isPending || byPasskey.isPending || byLink.isPending;
  return (
    <>
      <p className="mb-4 flex flex-wrap items-baseline justify-between gap-x-3">
        <span className="wrap-anywhere font-medium">{email}</span>
        <button type="button" onClick={onBack} className={linkClass}>
          {words.another}
        </button>
      </p>
      <FormError error={byPassword.error ?? byPasskey.error ?? byLink.error} />
      {ways.sso && (
        <>
          <a
            href={`/api/v1/sso/start?${new URLSearchParams({ provider: ways.sso.providerId, to })}`}
            className={cx(buttonClass('primary'), 'w-full')}
          >
            <Building2 size={14} aria-hidden="true" />
            {words.sso(ways.sso.name)}
          </a>
          <Divider />
        </>
      )}
      {ways.password && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            byPassword.mutate();
          }}
        >
          {/* Password managers look for the address beside the password. */}
          <input type="hidden" name="email" autoComplete="username" value={email} readOnly />
          <TextField
            label={words.password}
            type="password"
            name="password"
            autoComplete="current-password"
            required
            autoFocus={ways.sso === null}
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
          <Button look={ways.sso ? 'plain' : 'primary'} type="submit" disabled={isBusy} className="w-full">
            {words.signIn}
          </Button>
        </form>
      )}
      <div className="mt-2 flex flex-col gap-2">
        {ways.passkey && hasPasskeys() && (
          <Button disabled={isBusy} onClick={() => byPasskey.mutate()}>
            <KeyRound size={14} aria-hidden="true" />
            {words.passkey}
          </Button>
        )}
        {ways.link && (
          <Button disabled={isBusy} onClick={() => byLink.mutate()}>
            <Mail size={14} aria-hidden="true" />
            {words.link}
          </Button>
        )}
      </div>
    </>
  );
}

function Divider() {
  return (
    <div className="my-4 flex items-center gap-3 text-muted text-note">
      <span className="h-px flex-1 bg-line" />
      {words.or}
      <span className="h-px flex-1 bg-line" />
    </div>
  );
}
