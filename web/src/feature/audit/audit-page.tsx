import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { ScrollText, X } from 'lucide-react';
import { useRef } from 'react';
import { auditText } from '#text/audit.ts';
import { shortId } from '../../format.ts';
import { buttonClass } from '../../ui/button.tsx';
import { Empty, ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { MoreButton } from '../../ui/more-button.tsx';
import { Page } from '../../ui/page.tsx';
import { Help } from '../help/help.tsx';
import { Fresh } from '../live/fresh.tsx';
import { EntryRow } from './entry-row.tsx';
import { foldQuiet } from './fold.ts';
import { LogBanner } from './log-banner.tsx';
import { entriesQuery, entryQuery } from './queries.ts';
import { QuietRows } from './quiet-rows.tsx';

const route = getRouteApi('/audit');

/** The log as a list of facts; each opens its proof. */
export default function AuditPage() {
  const { task, entry } = route.useSearch();
  const entries = useInfiniteQuery(entriesQuery(task));
  const area = useRef<HTMLDivElement>(null);
  const rows = entries.data?.pages.flat() ?? [];
  return (
    <Page title={auditText.title} help={<Help topic="audit" />}>
      <p className="-mt-3 mb-4 text-muted">{auditText.intro}</p>
      <LogBanner />
      {task && (
        <p className="mb-3">
          <Link to="/audit" className={buttonClass('plain', 'small')} data-filter>
            {auditText.filterTask}: <span className="font-mono">{shortId(task)}</span>
            <X size={13} aria-label={auditText.clear} />
          </Link>
        </p>
      )}
      {entry !== undefined && entries.data && !rows.some((row) => row.seq === entry) && <NamedEntry seq={entry} task={task} />}
      <div ref={area}>
        <Fresh list="audit" area={area} onShow={entries.refetch} />
        {entries.error && !entries.data && <ErrorBox error={entries.error} onRetry={entries.refetch} />}
        <div className="overflow-hidden rounded-card border border-line bg-panel empty:hidden">
          {entries.isPending && <Skeleton rows={8} height="h-12" />}
          {entries.data && rows.length === 0 && (
            <Empty icon={<ScrollText size={18} aria-hidden="true" />} title={auditText.empty}>
              {auditText.emptyText}
            </Empty>
          )}
          {rows.length > 0 && (
            <ul className="divide-y divide-line">
              {foldQuiet(rows).map((row) =>
                Array.isArray(row) ? (
                  <QuietRows key={row[0]?.seq} entries={row} open={entry} task={task} />
                ) : (
                  <EntryRow key={row.seq} entry={row} isOpen={entry === row.seq} task={task} />
                ),
              )}
            </ul>
          )}
        </div>
        <MoreButton list={entries} />
      </div>
    </Page>
  );
}

/** The entry that the address names, when it is older than what is loaded. */
function NamedEntry({ seq, task }: { seq: number; task: string | undefined }) {
  const named = useQuery(entryQuery(seq)).data;
  if (!named) return null;
  return (
    <ul className="mb-5 overflow-hidden rounded-card border border-line bg-panel">
      <EntryRow entry={named} isOpen task={task} />
    </ul>
  );
}
