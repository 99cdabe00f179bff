import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { text } from '#text/work.ts';
import type { Approval } from '../../api/types.ts';
import { formatRelative } from '../../format.ts';
import { Crumb } from '../../ui/crumb.tsx';
import { ErrorBox, Notice, Skeleton } from '../../ui/feedback.tsx';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { Page } from '../../ui/page.tsx';
import { Help } from '../help/help.tsx';
import { ToolIcon } from '../task/state.tsx';
import { Changes } from './changes.tsx';
import { CommentSection } from './comments.tsx';
import type { DecisionConflict } from './decide.ts';
import { DecisionButtons, DecisionDialog } from './decision.tsx';
import { EffectSections } from './effect-sections.tsx';
import { useNames } from './people.ts';
import { approvalQuery } from './queries.ts';
import { Receipt } from './receipt.tsx';
import { Attention, Expiry, RiskBadge } from './risk.tsx';
import { SimilarSection } from './similar.tsx';
import { Differences } from './source.tsx';
import { Votes } from './votes.tsx';

const route = getRouteApi('/approvals/$approvalId');

/** One question, drawn by our code from the typed action, never from the planner's text; then its receipt. */
export default function ApprovalPage() {
  const { approvalId } = route.useParams();
  const approval = useQuery(approvalQuery(approvalId));
  return (
    <Page
      title={approval.data?.headline ?? text.approval.page}
      heading={<Crumb to="/" label={text.nav.inbox} />}
      help={<Help topic="approval" />}
      width="wide"
    >
      {!approval.data && <h1 className="sr-only">{text.approval.page}</h1>}
      {approval.error && !approval.data && <ErrorBox error={approval.error} onRetry={approval.refetch} />}
      {approval.isPending && <Skeleton rows={5} height="h-16" />}
      {approval.data && <Loaded key={approvalId} approval={approval.data} />}
    </Page>
  );
}

function Loaded({ approval }: { approval: Approval }) {
  // What the person saw first: if the action becomes another one meanwhile, the page says so instead of changing silently.
  const [seen] = useState(approval);
  const [conflict, setConflict] = useState<DecisionConflict | null>(null);
  const isWaiting = approval.state === 'waiting';
  useEffect(DecisionDialog.preload, []);
  return (
    <div className={isWaiting ? 'lg:grid lg:grid-cols-[minmax(0,1fr)_15rem] lg:gap-8' : 'max-w-3xl'}>
      <div className="min-w-0">
        {conflict?.kind === 'decided' && <DecidedElsewhere conflict={conflict} />}
        {seen.payloadHash !== approval.payloadHash && isWaiting && <Changes before={seen} after={approval} />}
        <Head approval={approval} />
        {isWaiting ? <Differences approval={approval} /> : <Receipt approval={approval} />}
        <Votes approval={approval} />
        <EffectSections approval={approval} />
        <SimilarSection approval={approval} />
        <CommentSection approval={approval} />
      </div>
      {isWaiting && (
        <aside
          aria-label={text.keys.decide}
          className="bottom-bar sticky z-10 -mx-4 border-line border-t bg-bg px-4 py-3 sm:bottom-0 sm:-mx-8 sm:px-8 lg:static lg:mx-0 lg:border-0 lg:p-0"
        >
          <div className="flex flex-wrap gap-2 lg:sticky lg:top-7 lg:flex-col lg:flex-nowrap lg:rounded-card lg:border lg:border-line lg:bg-panel lg:p-3">
            <p className="hidden px-1 pb-1 text-note lg:block">
              <Expiry approval={approval} />
            </p>
            <DecisionButtons key={approval.payloadHash} approval={approval} place="page" onConflict={setConflict} />
          </div>
        </aside>
      )}
    </div>
  );
}

function Head({ approval }: { approval: Approval }) {
  return (
    <div className="mb-6 flex items-start gap-3">
      <span className="flex size-9 shrink-0 items-center justify-center rounded-popup bg-panel text-muted ring-1 ring-line ring-inset">
        <ToolIcon tool={approval.tool} size={18} />
      </span>
      <div className="min-w-0">
        <h1 className="font-semibold text-figure tracking-tight max-sm:text-title">
          <ForeignText value={approval.headline} cutAt={300} />
        </h1>
        <p className="mt-1.5 flex flex-wrap items-center gap-x-3 gap-y-1">
          <RiskBadge risk={approval.risk} />
          <span className={approval.reversible ? 'text-muted' : 'font-medium text-bad'}>
            {approval.reversible ? text.approval.reversible : text.approval.irreversible}
          </span>
          {approval.state === 'waiting' && (
            <span className="lg:hidden">
              <Expiry approval={approval} />
            </span>
          )}
          <Attention approval={approval} />
        </p>
      </div>
    </div>
  );
}

function DecidedElsewhere({ conflict }: { conflict: Extract<DecisionConflict, { kind: 'decided' }> }) {
  const nameOf = useNames();
  const who = conflict.by ? nameOf(conflict.by) : text.common.none;
  return (
    <Notice tone="warn" role="alert">
      {text.approval.decidedElsewhere(who, conflict.at ? formatRelative(conflict.at, Date.now()) : '')}
    </Notice>
  );
}
