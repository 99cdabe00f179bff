import { useState } from 'react';
import { peopleText } from '#text/people.ts';
import { remove } from '../../api/client.ts';
import type { SessionItem } from '../../api/identity.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Confirm } from '../../ui/form/confirm.tsx';
import { ListCard, Row } from '../../ui/form/list-card.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { Section } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';
import { nameBrowser } from './browser-name.ts';
import { sessionsQuery } from './queries.ts';

const words = peopleText.account;

/** Everywhere this person is signed in. */
export function SessionSection() {
  const [isAsking, setAsking] = useState(false);
  const end = useAct((id: string) => remove(`/account/sessions/${encodeURIComponent(id)}`), {
    refresh: ['account-sessions'],
    said: words.sessionEnded,
    toastsErrors: true,
  });
  const endAll = useAct(() => remove('/account/sessions'), { refresh: ['account-sessions'], said: words.sessionsEnded });
  return (
    <Section
      title={words.sessions}
      card={false}
      side={
        <Button size="small" onClick={() => setAsking(true)}>
          {words.sessionsEnd}
        </Button>
      }
    >
      <ListCard query={sessionsQuery} keyOf={(session) => session.id} rows={2}>
        {(session) => <SessionRow session={session} isBusy={end.isPending} onEnd={() => end.mutate(session.id)} />}
      </ListCard>
      {isAsking && (
        <Confirm
          title={words.sessionsEndTitle}
          action={words.sessionsEnd}
          onClose={() => setAsking(false)}
          onConfirm={() => endAll.mutateAsync()}
        >
          {words.sessionsEndText}
        </Confirm>
      )}
    </Section>
  );
}

function SessionRow({ session, isBusy, onEnd }: { session: SessionItem; isBusy: boolean; onEnd: () => void }) {
  const browser = nameBrowser(session.userAgent);
  const facts = [session.address, session.method && (words.methods[session.method] ?? session.method)].filter(Boolean);
  return (
    <Row
      title={browser}
      marks={session.current && <Badge tone="accent">{words.sessionHere}</Badge>}
      note={
        <>
          {facts.join(' · ')}
          {facts.length > 0 && ' · '}
          {words.seen} <Time at={session.lastSeenAt ?? session.createdAt} />
        </>
      }
      side={
        !session.current && (
          <Button look="quiet" size="small" disabled={isBusy} aria-label={words.sessionEndLabel(browser)} onClick={onEnd}>
            {words.sessionEnd}
          </Button>
        )
      }
    />
  );
}
