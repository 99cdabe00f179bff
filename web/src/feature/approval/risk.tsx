import { AlarmClock, CheckCheck, MessageSquare, UserRound, UsersRound } from 'lucide-react';
import type { ReactNode } from 'react';
import { inboxText } from '#text/inbox.ts';
import { text } from '#text/work.ts';
import type { Approval, ApprovalState, Risk } from '../../api/types.ts';
import { formatDuration, formatMoment } from '../../format.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { useNow } from '../../ui/use-now.ts';
import { urgentMs } from './queries.ts';

const tones: Record<Risk, Tone> = { low: 'neutral', medium: 'warn', high: 'bad' };

export const RiskBadge = ({ risk }: { risk: Risk }) => <Badge tone={tones[risk]}>{text.risk[risk]}</Badge>;

const stateTones: Record<ApprovalState, Tone> = {
  waiting: 'warn',
  approved: 'good',
  rejected: 'bad',
  expired: 'neutral',
  superseded: 'neutral',
  cancelled: 'neutral',
};

export const ApprovalBadge = ({ state }: { state: ApprovalState }) => <Badge tone={stateTones[state]}>{text.approvalState[state]}</Badge>;

/** Seconds are shown in the last hour; a little earlier the clock that counts them is taken. */
const secondsShownMs = 3_660_000;

/** The time left to answer, to the second in the last hour; louder when it is short. */
export function Expiry({ approval }: { approval: Approval }) {
  const expiresMs = Date.parse(approval.expiresAt);
  const leftMs = expiresMs - useNow(expiresMs - Date.now() < secondsShownMs ? 1000 : 30_000);
  if (leftMs <= 0) return <span className="text-muted">{text.approval.expired}</span>;
  return (
    <span className={leftMs < urgentMs ? 'shrink-0 font-medium text-bad' : 'shrink-0 text-muted'}>
      {text.approval.expiresIn(formatDuration(leftMs))}
    </span>
  );
}

/** Whose attention it has, until when it is put off, how many approved, what is said about it: only what is the case. */
export function Attention({ approval }: { approval: Approval }) {
  const now = useNow(30_000);
  const { assignee, snoozedUntil, quorum, commentCount, state } = approval;
  const isWaiting = state === 'waiting';
  return (
    <>
      {quorum.needed > 1 && (
        <Sign icon={<CheckCheck size={13} />}>
          <span className="sr-only">{inboxText.votesLabel(quorum.given.length, quorum.needed)}</span>
          <span aria-hidden="true">{inboxText.votes(quorum.given.length, quorum.needed)}</span>
        </Sign>
      )}
      {isWaiting && assignee && (
        <Sign icon={assignee.kind === 'team' ? <UsersRound size={13} /> : <UserRound size={13} />}>
          {assignee.until === null ? inboxText.with(assignee.name) : inboxText.withUntil(assignee.name, formatMoment(assignee.until, now))}
        </Sign>
      )}
      {isWaiting && snoozedUntil !== null && (
        <Sign icon={<AlarmClock size={13} />}>{inboxText.until(formatMoment(snoozedUntil, now))}</Sign>
      )}
      {commentCount > 0 && <Sign icon={<MessageSquare size={13} />}>{inboxText.comments(commentCount)}</Sign>}
    </>
  );
}

const Sign = ({ icon, children }: { icon: ReactNode; children: ReactNode }) => (
  <span className="inline-flex min-w-0 shrink-0 items-center gap-1 text-muted">
    <span aria-hidden="true" className="shrink-0">
      {icon}
    </span>
    <span className="truncate">{children}</span>
  </span>
);
