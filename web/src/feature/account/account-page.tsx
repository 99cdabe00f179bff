import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Bell } from 'lucide-react';
import { useState } from 'react';
import { noticesText } from '#text/notices.ts';
import { peopleText } from '#text/people.ts';
import { put } from '../../api/client.ts';
import type { Account } from '../../api/identity.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button, buttonClass } from '../../ui/button.tsx';
import { ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { TextField } from '../../ui/field.tsx';
import { FormError } from '../../ui/form/form-error.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { Page, Section } from '../../ui/page.tsx';
import { Help } from '../help/help.tsx';
import { isInTenant, usePerson } from '../session/session.ts';
import { AwaySection } from './away.tsx';
import { DeviceSection } from './devices.tsx';
import { LookSection } from './look.tsx';
import { PasskeySection } from './passkeys.tsx';
import { PasswordRow } from './password.tsx';
import { accountQuery } from './queries.ts';
import { SessionSection } from './sessions.tsx';
import { TenantSection } from './tenants.tsx';
import { TotpRow } from './totp.tsx';

const words = peopleText.account;

/** Everything that belongs to the person and not to a tenant: name, ways to sign in, sessions, tenants. */
export default function AccountPage() {
  const account = useQuery(accountQuery);
  const person = usePerson();
  const isMember = isInTenant(person);
  const decides = isMember && person.principal.kind === 'user' && person.permissions.includes('approval:decide');
  return (
    <Page
      title={words.title}
      help={<Help topic="account" />}
      side={
        isMember && (
          <Link to="/account/notices" className={buttonClass('plain')}>
            <Bell size={14} aria-hidden="true" />
            {noticesText.rulesLink}
          </Link>
        )
      }
    >
      {account.error && <ErrorBox error={account.error} onRetry={account.refetch} />}
      {account.isPending && <Skeleton rows={5} />}
      {account.data && (
        <>
          <NameForm account={account.data} />
          <Section title={words.signingIn}>
            <div className="divide-y divide-line">
              <PasswordRow account={account.data} />
              <TotpRow account={account.data} />
            </div>
          </Section>
          <LookSection />
          {decides && <AwaySection />}
          <PasskeySection passkeys={account.data.passkeys} />
          <SessionSection />
          {isMember && <DeviceSection />}
          <TenantSection account={account.data} />
        </>
      )}
    </Page>
  );
}

function NameForm({ account }: { account: Account }) {
  const [name, setName] = useState(account.user.name);
  const save = useAct(() => put('/account', { name: name.trim() }), { refresh: ['account', 'me'], said: words.saved });
  const { email, emailVerified } = account.user;
  return (
    <form
      className="mb-7 rounded-card border border-line bg-panel p-4"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <FormError error={save.error} />
      <div className="mb-4 flex flex-wrap items-center gap-x-2 gap-y-1">
        <span className="wrap-anywhere">{email}</span>
        <Badge tone={emailVerified ? 'good' : 'warn'}>{emailVerified ? words.emailVerified : words.emailUnverified}</Badge>
      </div>
      <div className="flex flex-wrap items-start gap-3">
        <div className="min-w-0 flex-1 basis-60">
          <TextField
            label={words.name}
            help={words.nameHelp}
            autoComplete="name"
            required
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </div>
        <Button type="submit" className="mt-6" disabled={save.isPending || name.trim() === account.user.name}>
          {words.save}
        </Button>
      </div>
    </form>
  );
}
