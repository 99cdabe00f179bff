import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { peopleText } from '#text/people.ts';
import { post } from '../../api/client.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { Skeleton } from '../../ui/feedback.tsx';
import { TextField } from '../../ui/field.tsx';
import { FormError } from '../../ui/form/form-error.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { linkClass } from '../../ui/link.ts';
import { Outside } from '../../ui/outside.tsx';
import { takeToken } from '../session/take-token.ts';

const words = peopleText.register;

/** Asks for a tenant; the same page confirms the address when it is opened from the mail. */
export default function RegisterPage() {
  const [token] = useState(() => takeToken('registration'));
  return token === null ? <Ask /> : <Confirmation token={token} />;
}

function Ask() {
  const [draft, setDraft] = useState({ tenantName: '', name: '', email: '' });
  const ask = useAct(() => post('/registrations', draft));
  const set = (part: Partial<typeof draft>) => setDraft({ ...draft, ...part });
  if (ask.isSuccess) {
    return (
      <Outside title={words.sent}>
        <p role="status" className="text-muted">
          {words.sentText(draft.email)}
        </p>
      </Outside>
    );
  }
  return (
    <Outside title={words.title}>
      <p className="mb-4 text-muted">{words.text}</p>
      <FormError error={ask.error} />
      <form
        onSubmit={(event) => {
          event.preventDefault();
          ask.mutate();
        }}
      >
        <TextField
          label={words.tenant}
          autoComplete="organization"
          required
          autoFocus
          value={draft.tenantName}
          onChange={(event) => set({ tenantName: event.target.value })}
        />
        <TextField
          label={words.name}
          autoComplete="name"
          required
          value={draft.name}
          onChange={(event) => set({ name: event.target.value })}
        />
        <TextField
          label={words.email}
          type="email"
          autoComplete="email"
          required
          value={draft.email}
          onChange={(event) => set({ email: event.target.value })}
        />
        <Button look="primary" type="submit" className="w-full" disabled={ask.isPending}>
          {words.send}
        </Button>
      </form>
      <p className="mt-4">
        <Link to="/sign-in" className={linkClass}>
          {words.back}
        </Link>
      </p>
    </Outside>
  );
}

/** A token works once, so the answer is kept as long as the page is open. */
function Confirmation({ token }: { token: string }) {
  const confirmed = useQuery({
    queryKey: ['registration', token],
    queryFn: () => post<{ state: 'waiting' | 'ready'; signInToken?: string }>('/registrations/confirm', { token }),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  if (confirmed.error) {
    return (
      <Outside title={words.title}>
        <FormError error={confirmed.error} />
        <Link to="/sign-in" className={linkClass}>
          {words.back}
        </Link>
      </Outside>
    );
  }
  if (!confirmed.data) {
    return (
      <Outside title={words.confirming}>
        <Skeleton rows={1} />
      </Outside>
    );
  }
  const { state, signInToken } = confirmed.data;
  if (state === 'waiting') {
    return (
      <Outside title={words.waiting}>
        <p className="text-muted">{words.waitingText}</p>
      </Outside>
    );
  }
  return (
    <Outside title={words.ready}>
      <a href={signInToken === undefined ? '/sign-in' : `/#token=${signInToken}`} className={cx(buttonClass('primary'), 'w-full')}>
        {words.open}
      </a>
    </Outside>
  );
}
