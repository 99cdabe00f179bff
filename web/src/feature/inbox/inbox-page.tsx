import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { CheckCheck, MailPlus } from 'lucide-react';
import { memo, useCallback, useRef, useState } from 'react';
import { text } from '#text/work.ts';
import { buttonClass } from '../../ui/button.tsx';
import { Empty, ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { Id } from '../../ui/id.tsx';
import { later } from '../../ui/later.tsx';
import { linkClass } from '../../ui/link.ts';
import { Page, Section } from '../../ui/page.tsx';
import { Help } from '../help/help.tsx';
import { Fresh } from '../live/fresh.tsx';
import { useSignedIn } from '../session/session.ts';
import { TaskRow } from '../task/task-row.tsx';
import { AttentionList } from './attention-list.tsx';
import { InboxTabs } from './inbox-tabs.tsx';
import { OtherView, useToolsShown } from './other-view.tsx';
import { flat, handledQuery, useAttention, workingQuery } from './queries.ts';
import { useListed } from './use-listed.ts';
import { conditionsOf, type InboxSearch } from './views.ts';
import { Welcome } from './welcome.tsx';

const FilterBar = later(() => import('./filter-bar.tsx'));

const route = getRouteApi('/');

/** The home page: what needs me, and the other views of what is asked. */
export default function InboxPage() {
  const search = route.useSearch();
  const listed = useListed(search);
  const [isFilterOpen, setFilterOpen] = useState(conditionsOf(search) > 0);
  const [isChoosing, setChoosing] = useState(false);
  const tools = useToolsShown(search);
  const maySend = useSignedIn().permissions.includes('event:write');
  const closeFilter = useCallback(() => setFilterOpen(false), []);
  const stopChoosing = useCallback(() => setChoosing(false), []);
  return (
    <Page
      title={text.inbox.title}
      help={<Help topic="inbox" />}
      side={
        maySend && (
          <Link to="/send" className={buttonClass('plain', 'small')}>
            {text.inbox.send}
          </Link>
        )
      }
    >
      <Welcome place="above" />
      <InboxTabs
        search={search}
        isFilterOpen={isFilterOpen}
        onFilter={() => setFilterOpen(!isFilterOpen)}
        isChoosing={isChoosing}
        onChoose={() => setChoosing(!isChoosing)}
      />
      {isFilterOpen && <FilterBar search={search} tools={tools} onClose={closeFilter} />}
      <Listed search={listed} isChoosing={isChoosing} onChosen={stopChoosing} />
    </Page>
  );
}

interface HomeProps {
  isChoosing: boolean;
  onChosen: () => void;
}

/** The list of an address. */
const Listed = memo(function Listed({ search, ...choosing }: HomeProps & { search: InboxSearch }) {
  const isHome = search.view === undefined && conditionsOf(search) === 0;
  return isHome ? <Home {...choosing} /> : <OtherView key={search.view} search={search} {...choosing} />;
});

/** What needs me, what is being worked on, what was handled. */
function Home({ isChoosing, onChosen }: HomeProps) {
  const attention = useAttention();
  const working = useInfiniteQuery(workingQuery);
  const handled = useInfiniteQuery(handledQuery);
  const area = useRef<HTMLDivElement>(null);
  const refresh = useCallback(
    () => Promise.all([attention.refetch(), working.refetch(), handled.refetch()]),
    [attention.refetch, working.refetch, handled.refetch],
  );
  const handledRows = flat(handled.data);
  // The lists are of different moments: what is over by the one is not being worked on, whatever the other says.
  const over = new Set(handledRows.map((task) => task.id));
  const workingRows = flat(working.data).filter((task) => !over.has(task.id));
  const isFirstRun = attention.rows.length + workingRows.length + handledRows.length === 0 && !handled.isPending;
  const isKnown = !attention.isPending && !attention.error;

  return (
    <div ref={area}>
      <Fresh list="inbox" area={area} onShow={refresh} />
      {attention.error && <ErrorBox error={attention.error} onRetry={refresh} />}
      {attention.isPending && !attention.error && (
        <Section title={text.inbox.needs}>
          <Skeleton rows={3} height="h-18" />
        </Section>
      )}
      {isKnown && attention.rows.length === 0 && <Section title={text.inbox.needs}>{isFirstRun ? <FirstRun /> : <AllDone />}</Section>}
      {isKnown && <AttentionList rows={attention.rows} title={text.inbox.needs} isChoosing={isChoosing} onChosen={onChosen} />}
      <Welcome place="below" />
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
  const { drop, permissions } = useSignedIn();
  return (
    <Empty icon={<MailPlus size={18} aria-hidden="true" />} title={text.inbox.firstTitle}>
      {permissions.includes('connection:admin') && (
        <p className="mb-3">
          <Link to="/settings/connections" className={buttonClass('primary', 'small')}>
            {text.inbox.firstConnect}
          </Link>
        </p>
      )}
      <p className="mb-2">{text.inbox.firstText}</p>
      <Id value={drop} shown={drop} />
    </Empty>
  );
}
