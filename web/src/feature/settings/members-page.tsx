import { useInfiniteQuery } from '@tanstack/react-query';
import { UserPlus, Users } from 'lucide-react';
import { useState } from 'react';
import { settingsText } from '#text/settings.ts';
import type { Member } from '../../api/identity.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Empty, ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { TextField } from '../../ui/field.tsx';
import { Row } from '../../ui/form/list-card.tsx';
import { MoreButton } from '../../ui/more-button.tsx';
import { Time } from '../../ui/time.tsx';
import { useSignedIn } from '../session/session.ts';
import { InvitationSection } from './invitations.tsx';
import { InviteDialog } from './invite-dialog.tsx';
import { MemberDialog } from './member-dialog.tsx';
import { membersQuery } from './queries.ts';
import { TopicPage } from './topic-page.tsx';
import { useMay } from './topics.tsx';

const words = settingsText.members;
/** Fewer members are seen at a glance and need no search. */
const findFrom = 8;

/** Who is here, with what they may do; who is invited. */
export default function MembersPage() {
  const members = useInfiniteQuery(membersQuery);
  const mayAdmin = useMay('member:admin');
  const [find, setFind] = useState('');
  const [open, setOpen] = useState<'invite' | Member | null>(null);
  const all = members.data?.pages.flatMap((page) => page.items) ?? [];
  const wanted = find.trim().toLowerCase();
  const shown = all.filter((member) => `${member.name} ${member.email}`.toLowerCase().includes(wanted));
  const close = () => setOpen(null);
  return (
    <TopicPage
      topic="members"
      side={
        mayAdmin && (
          <Button look="primary" onClick={() => setOpen('invite')}>
            <UserPlus size={14} aria-hidden="true" />
            {words.invite}
          </Button>
        )
      }
    >
      {members.error && !members.data && <ErrorBox error={members.error} onRetry={members.refetch} />}
      {all.length >= findFrom && (
        <div className="mb-3 max-w-xs">
          <TextField label={words.find} type="search" data-filter value={find} onChange={(event) => setFind(event.target.value)} />
        </div>
      )}
      <div className="mb-7 overflow-hidden rounded-card border border-line bg-panel empty:hidden">
        {members.isPending && <Skeleton rows={4} />}
        {members.data && shown.length === 0 && <Empty icon={<Users size={18} aria-hidden="true" />} title={words.noMatch} />}
        {shown.length > 0 && (
          <ul className="divide-y divide-line">
            {shown.map((member) => (
              <li key={member.userId}>
                <MemberRow member={member} onEdit={mayAdmin ? () => setOpen(member) : null} />
              </li>
            ))}
          </ul>
        )}
      </div>
      <MoreButton list={members} className="-mt-3 mb-7" />
      {mayAdmin && <InvitationSection />}
      {open === 'invite' && <InviteDialog onClose={close} />}
      {open !== null && open !== 'invite' && <MemberDialog member={open} onClose={close} />}
    </TopicPage>
  );
}

function MemberRow({ member, onEdit }: { member: Member; onEdit: (() => void) | null }) {
  const me = useSignedIn();
  const isMe = me.principal.actor === `user:${member.userId}`;
  return (
    <Row
      title={member.name}
      marks={
        <>
          {isMe && <Badge tone="accent">{words.you}</Badge>}
          {member.roles.map((role) => (
            <Badge key={role}>{role}</Badge>
          ))}
          {!member.emailVerified && <Badge tone="warn">{words.unverified}</Badge>}
        </>
      }
      note={
        <>
          {member.email} ·{' '}
          {member.lastSeenAt ? (
            <>
              {words.seen} <Time at={member.lastSeenAt} />
            </>
          ) : (
            words.neverSeen
          )}
          {member.secondFactor && ` · ${words.secondFactor}`}
          {member.managedBy && ` · ${words.managed}`}
          {member.teams.length > 0 && ` · ${member.teams.map((team) => team.name).join(', ')}`}
        </>
      }
      side={
        onEdit && (
          <Button size="small" aria-label={words.editLabel(member.name)} onClick={onEdit}>
            {words.edit}
          </Button>
        )
      }
    />
  );
}
