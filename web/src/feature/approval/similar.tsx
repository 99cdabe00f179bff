import { queryOptions, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { approvalsText } from '#text/approvals.ts';
import type { SimilarDecision } from '../../api/approvals.ts';
import { get } from '../../api/client.ts';
import type { Approval, Page } from '../../api/types.ts';
import { formatExact, formatRelative } from '../../format.ts';
import { ForeignLine, ForeignText } from '../../ui/foreign-text.tsx';
import { linkClass } from '../../ui/link.ts';
import { Section } from '../../ui/page.tsx';
import { useNow } from '../../ui/use-now.ts';
import { useNames } from './people.ts';
import { approvalPath } from './queries.ts';
import { ApprovalBadge } from './risk.tsx';

const words = approvalsText.similar;

const similarQuery = (id: string) =>
  queryOptions({
    queryKey: ['approval-similar', id],
    queryFn: ({ signal }) => get<Page<SimilarDecision>>(`${approvalPath(id)}/similar`, { signal }),
  });

/** What people decided about the same tool before, nearest first. Nothing while there is no past. */
export function SimilarSection({ approval }: { approval: Approval }) {
  const now = useNow(60_000);
  const nameOf = useNames();
  const items = useQuery(similarQuery(approval.id)).data?.items ?? [];
  if (items.length === 0) return null;
  const titleOf = (name: string) => approval.fields.find((field) => field.name === name)?.title ?? name;
  return (
    <Section title={words.title} side={<span className="text-muted text-note max-sm:hidden">{words.note}</span>}>
      <ul className="divide-y divide-line">
        {items.map((item) => (
          <li key={item.id} className="px-4 py-2.5">
            <div className="flex items-start justify-between gap-3">
              <Link to="/approvals/$approvalId" params={{ approvalId: item.id }} className={`${linkClass} text-ink!`}>
                <ForeignLine value={item.headline} />
              </Link>
              <ApprovalBadge state={item.state} />
            </div>
            <p className="mt-0.5 flex flex-wrap gap-x-3 text-muted text-note">
              {item.decidedBy && item.decidedAt && (
                <span title={formatExact(item.decidedAt)}>{words.by(nameOf(item.decidedBy), formatRelative(item.decidedAt, now))}</span>
              )}
              <span>{item.differences.length === 0 ? words.alike : words.differs(item.differences.map(titleOf).join(', '))}</span>
            </p>
            {item.comment && (
              <p className="mt-1">
                <ForeignText value={item.comment} cutAt={200} />
              </p>
            )}
          </li>
        ))}
      </ul>
    </Section>
  );
}
