import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useRouter } from '@tanstack/react-router';
import { lazy, useState } from 'react';
import { peopleText } from '#text/people.ts';
import { isApiError, post } from '../../api/client.ts';
import type { InvitationLook } from '../../api/identity.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { Empty, ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { TextField } from '../../ui/field.tsx';
import { FormError } from '../../ui/form/form-error.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { Outside } from '../../ui/outside.tsx';
import { meKey, signOut, useMe } from '../session/session.ts';
import { takeToken } from '../session/take-token.ts';

const SignIn = lazy(() => import('../sign-in/sign-in-page.tsx'));
const words = peopleText.join;

/** Kept for this tab, because the way to somebody's account may lead over their identity provider and back. */
const storageKey = 'factotum.invitation';

function readToken(): string | null {
  const fresh = takeToken('invitation');
  if (fresh !== null) sessionStorage.setItem(storageKey, fresh);
  return fresh ?? sessionStorage.getItem(storageKey);
}

/** Shows who invites, and lets the person in: a new one with a name and a password, a known one after signing in. */
export default function JoinPage() {
  const [token] = useState(readToken);
  const [wantsSignIn, setWantsSignIn] = useState(false);
  const me = useMe().data ?? null;
  const look = useQuery({
    queryKey: ['invitation', token],
    queryFn: () => post<InvitationLook>('/invitation/look', { token }),
    enabled: token !== null,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (token === null || (look.error && isApiError(look.error, 'invitation.invalid'))) return <NoInvitation error={look.error} />;
  if (look.error) {
    return (
      <Outside title={words.titleUnknown}>
        <ErrorBox error={look.error} onRetry={look.refetch} />
      </Outside>
    );
  }
  if (!look.data) {
    return (
      <Outside title={words.titleUnknown}>
        <Skeleton rows={2} />
      </Outside>
    );
  }
  if (wantsSignIn && me === null) return <SignIn />;
  return <Invitation token={token} look={look.data} ownEmail={me?.principal.email ?? null} onSignIn={() => setWantsSignIn(true)} />;
}

interface InvitationProps {
  token: string;
  look: InvitationLook;
  ownEmail: string | null;
  onSignIn: () => void;
}

function Invitation({ token, look, ownEmail, onSignIn }: InvitationProps) {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const client = useQueryClient();
  const history = useRouter().history;
  const isNew = look.account === 'new';
  const isRightPerson = ownEmail?.toLowerCase() === look.email.toLowerCase();
  const accept = useAct(() => post('/invitation/accept', { token, ...(isNew && { name: name.trim(), password }) }), {
    onDone: async () => {
      sessionStorage.removeItem(storageKey);
      if (ownEmail !== null) return location.assign('/');
      await client.invalidateQueries({ queryKey: meKey });
      history.replace('/');
    },
  });
  return (
    <Outside title={words.title(look.tenant.name)}>
      <p className="text-muted">{words.text(look.email)}</p>
      <p className="mb-4 text-muted">{words.roles(look.roles.join(', '))}</p>
      <FormError error={accept.error} />
      {ownEmail !== null && !isRightPerson && <OtherPerson email={look.email} other={ownEmail} />}
      {ownEmail === null && !isNew && (
        <>
          <p className="mb-4">{words.existing(look.email)}</p>
          <Button look="primary" className="w-full" onClick={onSignIn}>
            {peopleText.signIn.signIn}
          </Button>
        </>
      )}
      {(isRightPerson || (ownEmail === null && isNew)) && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            accept.mutate();
          }}
        >
          {isNew && (
            <>
              <TextField
                label={words.name}
                help={words.nameHelp}
                autoComplete="name"
                required
                autoFocus
                value={name}
                onChange={(event) => setName(event.target.value)}
              />
              <TextField
                label={words.password}
                help={words.passwordHelp}
                type="password"
                autoComplete="new-password"
                minLength={12}
                required
                value={password}
                onChange={(event) => setPassword(event.target.value)}
              />
            </>
          )}
          <Button look="primary" type="submit" className="w-full" disabled={accept.isPending}>
            {words.accept}
          </Button>
        </form>
      )}
    </Outside>
  );
}

function OtherPerson({ email, other }: { email: string; other: string }) {
  const client = useQueryClient();
  const leave = useAct(signOut, { toastsErrors: true, onDone: () => client.setQueryData(meKey, null) });
  return (
    <>
      <p className="mb-4">{words.wrongPerson(email, other)}</p>
      <Button className="w-full" disabled={leave.isPending} onClick={() => leave.mutate()}>
        {words.signOut}
      </Button>
    </>
  );
}

function NoInvitation({ error }: { error: unknown }) {
  return (
    <Outside title={words.titleUnknown}>
      <FormError error={error} />
      <Empty title={words.missing}>
        <p>{words.missingText}</p>
        <Link to="/" className={`mt-4 ${buttonClass('plain')}`}>
          {words.toStart}
        </Link>
      </Empty>
    </Outside>
  );
}
