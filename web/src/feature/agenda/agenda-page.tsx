import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { CalendarDays, ChevronLeft, ChevronRight } from 'lucide-react';
import { agendaText as words } from '#text/agenda.ts';
import type { AgendaList } from '../../api/agenda.ts';
import { Badge } from '../../ui/badge.tsx';
import { buttonClass } from '../../ui/button.tsx';
import { Empty, ErrorBox, Notice, Skeleton } from '../../ui/feedback.tsx';
import { linkClass } from '../../ui/link.ts';
import { Page } from '../../ui/page.tsx';
import { useNow } from '../../ui/use-now.ts';
import { Help } from '../help/help.tsx';
import { useSignedIn } from '../session/session.ts';
import { EntryRow } from './entry-row.tsx';
import { asDay, asSpan, zoneHere } from './format.ts';
import { FreeTimes } from './free-times.tsx';
import { agendaQuery } from './queries.ts';
import { type AgendaSearch, addDays, type DayEntry, dayAt, entriesByDay, mondayOf, startOf } from './week.ts';

const route = getRouteApi('/agenda');

/** What is in the calendars, a week at a time, and when everybody is free. */
export default function AgendaPage() {
  const search = route.useSearch();
  const now = useNow(60_000);
  const today = dayAt(now);
  const monday = search.week ?? mondayOf(today);
  const agenda = useQuery(
    agendaQuery({ from: new Date(startOf(monday)).toISOString(), to: new Date(startOf(addDays(monday, 7))).toISOString() }),
  );
  return (
    <Page
      title={words.title}
      help={<Help topic="agenda" />}
      side={<WeekBar search={search} monday={monday} thisMonday={mondayOf(today)} />}
      width="wide"
    >
      <div className="-mt-3 mb-4 flex flex-wrap gap-x-3 text-muted">
        <h2 className="font-medium text-ink">{asSpan(monday, addDays(monday, 6))}</h2>
        <span>{words.zone(zoneHere)}</span>
      </div>
      {agenda.error && !agenda.data && <ErrorBox error={agenda.error} onRetry={agenda.refetch} />}
      {agenda.isPending && <Skeleton rows={7} />}
      {agenda.data && <Loaded agenda={agenda.data} search={search} monday={monday} now={now} />}
    </Page>
  );
}

function WeekBar({ search, monday, thisMonday }: { search: AgendaSearch; monday: string; thisMonday: string }) {
  const { week: _, ...rest } = search;
  const to = (week: string) => (week === thisMonday ? rest : { ...rest, week });
  return (
    <nav aria-label={words.week} className="flex gap-1.5">
      <Link to="/agenda" search={to(addDays(monday, -7))} aria-label={words.previous} title={words.previous} className={buttonClass()}>
        <ChevronLeft size={14} aria-hidden="true" />
      </Link>
      <Link to="/agenda" search={rest} aria-current={monday === thisMonday ? 'date' : undefined} className={buttonClass()}>
        {words.today}
      </Link>
      <Link to="/agenda" search={to(addDays(monday, 7))} aria-label={words.next} title={words.next} className={buttonClass()}>
        <ChevronRight size={14} aria-hidden="true" />
      </Link>
    </nav>
  );
}

interface LoadedProps {
  agenda: AgendaList;
  search: AgendaSearch;
  monday: string;
  now: number;
}

function Loaded({ agenda: { items, complete, calendars }, search, monday, now }: LoadedProps) {
  const mayConnect = useSignedIn().permissions.includes('connection:admin');
  const days = entriesByDay(
    items,
    Array.from({ length: 7 }, (_, n) => addDays(monday, n)),
  );
  if (calendars.length === 0 && items.length === 0)
    return (
      <div className="rounded-card border border-line bg-panel">
        <Empty icon={<CalendarDays size={18} aria-hidden="true" />} title={words.noCalendar}>
          <p>{words.noCalendarText}</p>
          {mayConnect && (
            <Link to="/settings/connections" className={`mt-2 ${linkClass}`}>
              {words.connect}
            </Link>
          )}
        </Empty>
      </div>
    );
  return (
    <div className="lg:grid lg:grid-cols-[minmax(0,1fr)_17rem] lg:items-start lg:gap-8">
      <div className="mb-7 min-w-0">
        {!complete && <Notice tone="warn">{words.incomplete}</Notice>}
        <div className="divide-y divide-line overflow-hidden rounded-card border border-line bg-panel">
          {days.map(({ day, entries }) => (
            <Day key={day} day={day} entries={entries} now={now} withCalendar={calendars.length > 1} />
          ))}
        </div>
      </div>
      {calendars.length > 0 && <FreeTimes monday={monday} search={search} />}
    </div>
  );
}

function Day({ day, entries, now, withCalendar }: { day: string; entries: DayEntry[]; now: number; withCalendar: boolean }) {
  const isToday = day === dayAt(now);
  return (
    <section aria-label={asDay(day)} className="py-1.5">
      <div className="flex min-h-8 flex-wrap items-center gap-x-2 px-4">
        <h3 className="font-semibold">{asDay(day)}</h3>
        {isToday && <Badge tone="accent">{words.today}</Badge>}
        {entries.length === 0 && <span className="text-muted">{words.nothing}</span>}
      </div>
      {entries.length > 0 && (
        <ul>
          {entries.map((shown) => (
            <EntryRow key={`${shown.entry.id} ${shown.entry.occurrence}`} shown={shown} now={now} withCalendar={withCalendar} />
          ))}
        </ul>
      )}
    </section>
  );
}
