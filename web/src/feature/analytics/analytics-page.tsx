import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { ChartLine } from 'lucide-react';
import { analyticsText as words } from '#text/analytics.ts';
import type { Analytics } from '../../api/analytics.ts';
import { formatActor } from '../../format.ts';
import { Empty, ErrorBox, Notice, Skeleton } from '../../ui/feedback.tsx';
import { Page } from '../../ui/page.tsx';
import { TabStrip, tabClass, wideStrip } from '../../ui/tab-strip.tsx';
import { Help } from '../help/help.tsx';
import { useSignedIn } from '../session/session.ts';
import { membersQuery } from '../settings/queries.ts';
import { AssumptionsBlock } from './assumptions.tsx';
import { ChartCard } from './chart-card.tsx';
import { FigureTiles } from './figure-tiles.tsx';
import { asPercent, asPoint, asSpan } from './format.ts';
import { AnswersTable, CostTable } from './group-table.tsx';
import { chartsOf, tilesOf } from './lines.ts';
import { PeriodBar } from './period-bar.tsx';
import { analyticsQuery, csvHref } from './queries.ts';
import { Satisfaction } from './satisfaction.tsx';
import { SurveyCard } from './survey-card.tsx';
import { type AnalyticsView, analyticsViews } from './views.ts';

const route = getRouteApi('/analytics');

/** What was done, how long it took, what it cost, and what that was worth. */
export default function AnalyticsPage() {
  const search = route.useSearch();
  const { view = 'work', ...period } = search;
  const navigate = useNavigate();
  const { data, error, isPending, refetch } = useQuery(analyticsQuery(period));
  return (
    <Page title={words.title} help={<Help topic="analytics" />} width="wide">
      <TabStrip label={words.viewsLabel} current={view} className={wideStrip}>
        {analyticsViews.map((one) => (
          <li key={one}>
            <Link
              to="/analytics"
              search={one === 'work' ? period : { ...period, view: one }}
              resetScroll={false}
              activeOptions={{ exact: true, includeSearch: true }}
              aria-current={one === view ? 'page' : undefined}
              className={tabClass}
            >
              {words.views[one]}
            </Link>
          </li>
        ))}
      </TabStrip>
      {error && <ErrorBox error={error} onRetry={refetch} />}
      {isPending && <Skeleton rows={6} />}
      {data && (
        <>
          {view !== 'satisfaction' && (
            <PeriodBar
              search={search}
              days={data.days}
              today={dayIn(data.timeZone)}
              onChange={(change) =>
                void navigate({ to: '/analytics', search: { ...change, ...(view !== 'work' && { view }) }, replace: true })
              }
            />
          )}
          {data.counted.share < shareEnough && <Notice tone="warn">{words.counting(asPercent(data.counted.share))}</Notice>}
          <View view={view} data={data} period={period} />
        </>
      )}
      <SurveyCard />
    </Page>
  );
}

/** Looking at a page is an entry of the log too, so the count is nearly always a little behind. */
const shareEnough = 0.95;

function View({ view, data, period }: { view: AnalyticsView; data: Analytics; period: Parameters<typeof csvHref>[1] }) {
  const nameOf = useNames(data.approvers !== null && view === 'approvals');
  if (view === 'satisfaction') return <Satisfaction results={data.satisfaction} href={csvHref('satisfaction', period)} />;
  if (data.series.every(({ figures }) => figures === null))
    return (
      <Empty icon={<ChartLine size={18} aria-hidden="true" />} title={words.none}>
        {words.noneText}
      </Empty>
    );
  const points = data.series.map(({ bucket }) => ({ point: asPoint(bucket.start, data.size), days: asSpan(bucket) }));
  return (
    <>
      <FigureTiles tiles={tilesOf(view, data)} span={asSpan(data.days)} spanBefore={asSpan(data.before)} />
      {view === 'value' && <AssumptionsBlock data={data} />}
      {chartsOf(view, data).map((spec) => (
        <ChartCard key={spec.name} spec={spec} size={data.size} points={points} href={csvHref(spec.table, period)} />
      ))}
      {view === 'approvals' && (
        <>
          <AnswersTable name="tools" groups={data.tools} nameOf={(name) => name} href={csvHref('tools', period)} />
          {data.approvers && <AnswersTable name="approvers" groups={data.approvers} nameOf={nameOf} href={csvHref('approvers', period)} />}
        </>
      )}
      {view === 'cost' &&
        (['planners', 'playbooks', 'models'] as const).map((name) => (
          <CostTable key={name} name={name} groups={data[name]} href={csvHref(name, period)} />
        ))}
    </>
  );
}

/** Names of members where they may be seen, what is known otherwise. */
function useNames(isWanted: boolean): (actor: string) => string {
  const { permissions, principal } = useSignedIn();
  const members = useInfiniteQuery({ ...membersQuery, enabled: isWanted && permissions.includes('member:read') });
  const known = members.data?.pages.flatMap(({ items }) => items) ?? [];
  return (actor) => known.find(({ userId }) => actor === `user:${userId}`)?.name ?? formatActor(actor, principal.actor);
}

/** The day that it is there, as the address writes it. */
const dayIn = (timeZone: string): string => new Intl.DateTimeFormat('sv', { timeZone, dateStyle: 'short' }).format(new Date());
