import { text } from '#text/common.ts';
import type { Approval, ApprovalState, Risk } from '../../api/types.ts';
import { formatDuration } from '../../format.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { useNow } from '../../ui/use-now.ts';

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

/** The time left to answer, to the second in the last hour; louder when it is short. */
export function Expiry({ approval }: { approval: Approval }) {
  const leftMs = Date.parse(approval.expiresAt) - useNow(1000);
  if (leftMs <= 0) return <span className="text-muted">{text.approval.expired}</span>;
  return (
    <span className={leftMs < 3_600_000 ? 'font-medium text-bad' : 'text-muted'}>{text.approval.expiresIn(formatDuration(leftMs))}</span>
  );
}
