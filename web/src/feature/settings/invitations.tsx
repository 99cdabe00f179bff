import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { settingsText } from '#text/settings.ts';
import { post, remove } from '../../api/client.ts';
import type { Invitation, InvitationSent } from '../../api/identity.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { ListCard, Row } from '../../ui/form/list-card.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { Section } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';
import { invitationsQuery } from './queries.ts';
import { SentDialog } from './sent-dialog.tsx';

const words = settingsText.members;

/** Invitations that nobody has accepted yet; absent when there are none. */
export function InvitationSection() {
  const list = useInfiniteQuery(invitationsQuery);
  const [sent, setSent] = useState<{ email: string; sent: InvitationSent } | null>(null);
  const withdraw = useAct((id: string) => remove(`/invitations/${encodeURIComponent(id)}`), {
    refresh: ['invitations'],
    said: words.withdrawn,
    toastsErrors: true,
  });
  const renew = useAct(({ id }: Invitation) => post<InvitationSent>(`/invitations/${encodeURIComponent(id)}/renew`, {}), {
    refresh: ['invitations'],
    toastsErrors: true,
    onDone: (answer, { email }) => setSent({ email, sent: answer }),
  });
  const isNone = list.data?.pages.every((page) => page.items.length === 0) ?? false;
  return (
    <>
      {!isNone && (
        <Section title={words.invited} card={false}>
          <ListCard query={invitationsQuery} keyOf={(invitation) => invitation.id} rows={1}>
            {(invitation) => (
              <Row
                title={invitation.email}
                marks={invitation.roles.map((role) => <Badge key={role}>{role}</Badge>)}
                note={
                  <>
                    {words.invitedAt} <Time at={invitation.createdAt} /> · {words.expires} <Time at={invitation.expiresAt} />
                  </>
                }
                side={
                  <>
                    <Button
                      look="quiet"
                      size="small"
                      disabled={withdraw.isPending}
                      aria-label={words.withdrawLabel(invitation.email)}
                      onClick={() => withdraw.mutate(invitation.id)}
                    >
                      {words.withdraw}
                    </Button>
                    <Button
                      size="small"
                      disabled={renew.isPending}
                      aria-label={words.renewLabel(invitation.email)}
                      onClick={() => renew.mutate(invitation)}
                    >
                      {words.renew}
                    </Button>
                  </>
                }
              />
            )}
          </ListCard>
        </Section>
      )}
      {sent && <SentDialog {...sent} onClose={() => setSent(null)} />}
    </>
  );
}
