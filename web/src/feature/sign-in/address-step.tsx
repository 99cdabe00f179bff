import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { KeyRound } from 'lucide-react';
import { useState } from 'react';
import { peopleText } from '#text/people.ts';
import { get } from '../../api/client.ts';
import type { SignInWays } from '../../api/identity.ts';
import { Button } from '../../ui/button.tsx';
import { Disclosure } from '../../ui/disclosure.tsx';
import { TextField } from '../../ui/field.tsx';
import { FormError } from '../../ui/form/form-error.tsx';
import { Id } from '../../ui/id.tsx';
import { linkClass } from '../../ui/link.ts';
import { hasPasskeys, proveByPasskey } from '../session/passkey.ts';

const words = peopleText.signIn;

interface AddressStepProps {
  onWays: (email: string, ways: SignInWays) => void;
  onSignedIn: () => unknown;
}

/** One field for the address; the server says which ways there are for it. A passkey needs no address. */
export function AddressStep({ onWays, onSignedIn }: AddressStepProps) {
  const [email, setEmail] = useState('');
  const look = useMutation({
    mutationFn: () => get<SignInWays>('/sign-in', { query: { email: email.trim() } }),
    onSuccess: (ways) => onWays(email.trim(), ways),
  });
  const passkey = useMutation({ mutationFn: () => proveByPasskey('/session/passkey'), onSuccess: onSignedIn });
  return (
    <>
      <FormError error={look.error ?? passkey.error} />
      <form
        onSubmit={(event) => {
          event.preventDefault();
          look.mutate();
        }}
      >
        <TextField
          label={words.email}
          type="email"
          name="email"
          autoComplete="username"
          required
          autoFocus
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
        <Button look="primary" type="submit" disabled={look.isPending} className="w-full">
          {words.next}
        </Button>
      </form>
      {hasPasskeys() && (
        <Button className="mt-2 w-full" disabled={passkey.isPending} onClick={() => passkey.mutate()}>
          <KeyRound size={14} aria-hidden="true" />
          {words.passkey}
        </Button>
      )}
      <div className="mt-6 border-line border-t pt-3 text-note">
        <Disclosure summary={words.noMail}>
          <p className="mb-1 text-muted">{words.how}</p>
          <Id value={words.command} shown={words.command} />
        </Disclosure>
        <Link to="/register" className={linkClass}>
          {words.register}
        </Link>
      </div>
    </>
  );
}
