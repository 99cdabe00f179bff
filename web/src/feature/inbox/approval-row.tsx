import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import { text } from '#text/work.ts';
import type { Approval } from '../../api/types.ts';
import { cx } from '../../ui/cx.ts';
import { ForeignLine } from '../../ui/foreign-text.tsx';
import { DecisionButtons, DecisionDialog } from '../approval/decision.tsx';
import { ActorName } from '../approval/people.ts';
import { ApprovalBadge, Attention, Expiry, RiskBadge } from '../approval/risk.tsx';
import { DemoMark } from '../demo/demo-mark.tsx';
import { useSignedIn } from '../session/session.ts';
import { ToolIcon } from '../task/state.tsx';

interface ApprovalRowProps {
  approval: Approval;
  isSelected: boolean;
  /** Shows the tick without a pointer over the row. */
  isChoosing: boolean;
  onSelect: (id: string) => void;
}

/** One waiting approval; after the decision its row stays where it is and says so. */
export const ApprovalRow = memo(function ApprovalRow({ approval, isSelected, isChoosing, onSelect }: ApprovalRowProps) {
  const isWaiting = approval.state === 'waiting';
  const showsTick = isSelected || isChoosing;
  return (
    <li
      data-row
      onPointerEnter={DecisionDialog.preload}
      onFocus={DecisionDialog.preload}
      className={cx(
        'group relative flex flex-wrap items-start gap-x-3 gap-y-2.5 px-4 py-3 transition-colors duration-100 focus-within:bg-hover hover:bg-hover md:flex-nowrap md:items-center',
        isSelected && 'bg-accent-soft',
      )}
    >
      <span className="relative z-10 flex size-7 shrink-0 items-center justify-center rounded-control bg-hover text-muted group-hover:bg-panel">
        {!(isWaiting && showsTick) && <ToolIcon tool={approval.tool} />}
        {isWaiting && (
          <input
            type="checkbox"
            checked={isSelected}
            onChange={() => onSelect(approval.id)}
            aria-label={text.inbox.select(approval.headline)}
            aria-keyshortcuts="x"
            className={cx(
              'absolute inset-0 m-auto size-4 accent-accent pointer-fine:group-hover:opacity-100 focus-visible:opacity-100',
              showsTick ? 'opacity-100' : 'opacity-0 touch:pointer-events-none',
              'checked:outline-2 checked:outline-panel',
            )}
          />
        )}
      </span>
      <div className="min-w-0 flex-1">
        <Link
          to="/approvals/$approvalId"
          params={{ approvalId: approval.id }}
          data-row-link
          className="line-clamp-2 font-medium outline-offset-4 after:absolute after:inset-0 lg:line-clamp-1"
        >
          <ForeignLine value={approval.headline} />
        </Link>
        <p className="mt-0.5 flex flex-wrap items-center gap-x-2 gap-y-1 text-muted text-note lg:flex-nowrap">
          <RiskBadge risk={approval.risk} />
          <DemoMark of="approvals" id={approval.id} />
          {isWaiting && <Expiry approval={approval} />}
          <Attention approval={approval} />
          <span className="min-w-0 truncate">
            <ForeignLine value={approval.task.from ? text.inbox.from(approval.task.from) : approval.task.title} />
          </span>
        </p>
      </div>
      <div className="relative z-10 flex shrink-0 items-center gap-1.5 max-md:w-full max-md:gap-2">
        {isWaiting ? <DecisionButtons key={approval.payloadHash} approval={approval} place="row" /> : <Decided approval={approval} />}
      </div>
    </li>
  );
});

function Decided({ approval }: { approval: Approval }) {
  const { actor } = useSignedIn().principal;
  return (
    <span className="flex items-center gap-2 text-muted text-note">
      {approval.decidedBy && (approval.decidedBy === actor ? text.common.you : <ActorName actor={approval.decidedBy} />)}
      <ApprovalBadge state={approval.state} />
    </span>
  );
}
