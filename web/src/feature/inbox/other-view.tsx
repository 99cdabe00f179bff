import { useInfiniteQuery } from '@tanstack/react-query';
import { useRef } from 'react';
import { inboxText } from '#text/inbox.ts';
import { text } from '#text/work.ts';
import { Empty, ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { MoreButton } from '../../ui/more-button.tsx';
import { Section } from '../../ui/page.tsx';
import { allOf, approvalsQuery } from '../approval/queries.ts';
import { Fresh } from '../live/fresh.tsx';
import { AttentionList } from './attention-list.tsx';
import type { InboxSearch } from './views.ts';

/** The states of what a person, or time, has answered. */
const decided = 'approved,rejected,expired';

/** What the server is asked for by the address. */
function queryOf({ view, ...conditions }: InboxSearch) {
  if (view === 'decided') return approvalsQuery({ state: decided, ...conditions });
  if (view === 'all') return approvalsQuery(conditions);
  return approvalsQuery({ state: 'waiting', view: view ?? 'mine', ...conditions });
}

/** The tools of the approvals that this view shows. */
export function useToolsShown(search: InboxSearch): { tool: string; title: string }[] {
  const items = allOf(useInfiniteQuery(queryOf(search)).data);
  const titles = new Map(items.map(({ tool, toolTitle }) => [tool, toolTitle]));
  return [...titles].map(([tool, title]) => ({ tool, title })).toSorted((a, b) => a.title.localeCompare(b.title, text.locale));
}

interface OtherViewProps {
  search: InboxSearch;
  isChoosing: boolean;
  onChosen: () => void;
}

/** The approvals of one view, narrowed down to what is looked for. */
export function OtherView({ search, isChoosing, onChosen }: OtherViewProps) {
  const list = useInfiniteQuery(queryOf(search));
  const area = useRef<HTMLDivElement>(null);
  const items = allOf(list.data);
  const view = search.view ?? 'mine';
  const isOrdered = view === 'decided' || view === 'all';
  return (
    <div ref={area}>
      <Fresh list="inbox" area={area} onShow={list.refetch} />
      {list.error && !list.data && <ErrorBox error={list.error} onRetry={list.refetch} />}
      {list.isPending && !list.error && (
        <Section title={inboxText.views[view]}>
          <Skeleton rows={4} height="h-18" />
        </Section>
      )}
      {list.data && items.length === 0 && (
        <Section title={inboxText.views[view]}>
          <Empty title={inboxText.empty[view].title}>{inboxText.empty[view].text}</Empty>
        </Section>
      )}
      <AttentionList
        rows={items.map((approval) => ({ kind: 'approval', approval }))}
        isOrdered={isOrdered}
        isChoosing={isChoosing}
        onChosen={onChosen}
      />
      <MoreButton list={list} />
    </div>
  );
}
