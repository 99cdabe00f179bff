import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { CheckCheck, MailPlus } from 'lucide-react';
import { useCallback, useRef, useState } from 'react';
import { text } from '#text/common.ts';
import type { Approval } from '../../api/types.ts';
import { formatDay } from '../../format.ts';
import { buttonClass } from '../../ui/button.tsx';
import { Empty, ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { Id } from '../../ui/id.tsx';
import { linkClass } from '../../ui/link.ts';
import { Page, Section } from '../../ui/page.tsx';
import { useNow } from '../../ui/use-now.ts';
import { Fresh } from '../live/fresh.tsx';
import { useSignedIn } from '../session/session.ts';
import { TaskRow } from '../task/task-row.tsx';
import { ApprovalRow } from './approval-row.tsx';
import { attentionId, groupByDay } from './attention.ts';
import { BulkBar } from './bulk.tsx';
import { flat, handledQuery, useAttention, workingQuery } from './queries.ts';
import { StuckRow } from './stuck-row.tsx';

/** The home page: what needs me, what is being worked on, what was handled. */
export default function InboxPage() {
  const attention = useAttention();
  const working = useInfiniteQuery(workingQuery);
  const handled = useInfiniteQuery(handledQuery);
  const area = useRef<HTMLDivElement>(null);
  const refresh = useCallback(
    () => Promise.all([attention.refetch(), working.refetch(), handled.refetch()]),
    [attention.refetch, working.refetch, handled.refetch],
  );
  const workingRows = flat(working.data);
  const handledRows = flat(handled.data);
  const maySend = useSignedIn().permissions.includes('event:write');
  const isFirstRun = attention.rows.length + workingRows.length + handledRows.length === 0;

  return (
    <Page
      title={text.inbox.title}
      side={
        maySend && (
          <Link to="/send" className={buttonClass('plain', 'small')}>
            {text.inbox.send}
          </Link>
        )
      }
    >
      <div ref={area}>
        <Fresh list="inbox" area={area} onShow={refresh} />
        {attention.error && <ErrorBox error={attention.error} onRetry={refresh} />}
        {attention.isPending && !attention.error && (
          <Section title={text.inbox.needs}>
            <Skeleton rows={3} height="h-18" />
          </Section>
        )}
        {!attention.isPending && !attention.error && <NeedsYou rows={attention.rows} isFirstRun={isFirstRun && !handled.isPending} />}
        {workingRows.length > 0 && (
          <Section title={text.inbox.working}>
            <ul className="divide-y divide-line">
              {workingRows.map((task) => (
                <TaskRow key={task.id} task={task} />
              ))}
            </ul>
          </Section>
        )}
        <Section
          title={text.inbox.handled}
          side={
            <Link to="/tasks" className={linkClass}>
              {text.inbox.all}
            </Link>
          }
        >
          {handled.isPending && <Skeleton rows={4} />}
          {handled.error && <ErrorBox error={handled.error} onRetry={handled.refetch} />}
          {handled.data && handledRows.length === 0 && <p className="px-4 py-4 text-muted">{text.inbox.handledEmpty}</p>}
          {handledRows.length > 0 && (
            <ul className="divide-y divide-line">
              {handledRows.map((task) => (
                <TaskRow key={task.id} task={task} />
              ))}
            </ul>
          )}
        </Section>
      </div>
    </Page>
  );
}

function NeedsYou({ rows, isFirstRun }: { rows: ReturnType<typeof useAttention>['rows']; isFirstRun: boolean }) {
  const [selected, setSelected] = useState<readonly string[]>([]);
  const now = useNow(60_000);
  if (rows.length === 0) return <Section title={text.inbox.needs}>{isFirstRun ? <FirstRun /> : <AllDone />}</Section>;
  const toggle = (id: string) => setSelected(selected.includes(id) ? selected.filter((other) => other !== id) : [...selected, id]);
  const approvals = rows.flatMap((row): Approval[] =>
    row.kind === 'approval' && selected.includes(row.approval.id) ? [row.approval] : [],
  );
  return (
    <>
      {groupByDay(rows).map((day) => (
        <Section key={day.at} title={`${text.inbox.needs} · ${formatDay(day.at, now)}`}>
          <ul className="divide-y divide-line">
            {day.rows.map((row) =>
              row.kind === 'approval' ? (
                <ApprovalRow
                  key={attentionId(row)}
                  approval={row.approval}
                  isSelected={selected.includes(row.approval.id)}
                  onSelect={() => toggle(row.approval.id)}
                />
              ) : (
                <StuckRow key={attentionId(row)} kind={row.kind} task={row.task} />
              ),
            )}
          </ul>
        </Section>
      ))}
      <BulkBar approvals={approvals} onClear={() => setSelected([])} />
    </>
  );
}

function AllDone() {
  return (
    <Empty icon={<CheckCheck size={18} aria-hidden="true" />} title={text.inbox.none}>
      {text.inbox.noneText}
    </Empty>
  );
}

function FirstRun() {
  const { drop } = useSignedIn();
  return (
    <Empty icon={<MailPlus size={18} aria-hidden="true" />} title={text.inbox.firstTitle}>
      <p className="mb-2">{text.inbox.firstText}</p>
      <Id value={drop} shown={drop} />
    </Empty>
  );
}
