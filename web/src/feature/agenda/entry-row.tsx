import { agendaText as words } from '#text/agenda.ts';
import { formatMoment } from '../../format.ts';
import { Badge } from '../../ui/badge.tsx';
import { cx } from '../../ui/cx.ts';
import { ForeignLine, ForeignText } from '../../ui/foreign-text.tsx';
import { asClock, asClocks } from './format.ts';
import type { DayEntry } from './week.ts';

/** One time in a calendar. Whoever invites writes its title and place, so these are never more than text. */
export function EntryRow({ shown, now, withCalendar }: { shown: DayEntry; now: number; withCalendar: boolean }) {
  const { entry } = shown;
  const { title, place, status, heldUntil, invitation, attendees, conflicts, calendar } = entry;
  const isOff = status === 'cancelled';
  return (
    <li className="flex gap-x-4 gap-y-0.5 px-4 py-1.5 max-sm:flex-col">
      <div className="flex gap-x-3 text-muted sm:w-32 sm:shrink-0 sm:flex-col">
        <span className="shrink-0 tabular-nums">{timeOf(shown)}</span>
        {withCalendar && (
          <span className="min-w-0 truncate text-note max-sm:self-center">
            <ForeignLine value={calendar.name} />
          </span>
        )}
      </div>
      <div className="min-w-0 flex-1">
        <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span className={cx('min-w-0 font-medium', isOff && 'text-muted line-through')}>
            <ForeignText value={title} cutAt={160} />
          </span>
          {isOff && <Badge>{words.cancelled}</Badge>}
          {heldUntil !== null && (
            <span title={words.heldHelp}>
              <Badge tone="accent">{words.held(formatMoment(heldUntil, now))}</Badge>
            </span>
          )}
          {heldUntil === null && status === 'tentative' && <Badge>{words.tentative}</Badge>}
          {conflicts.length > 0 && <Badge tone="warn">{words.conflicts(conflicts.length)}</Badge>}
        </div>
        {place !== '' && (
          <p className="text-muted text-note">
            <ForeignText value={place} cutAt={160} />
          </p>
        )}
        {invitation !== null && (
          <p className="text-muted text-note">
            <ForeignText value={words.invited(nameOf(invitation.by))} cutAt={160} />
            {invitation.answer !== null && words.answers[invitation.answer] && ` · ${words.answers[invitation.answer]}`}
          </p>
        )}
        {attendees.length > 0 && (
          <p className="text-muted text-note">
            <ForeignText value={words.people(attendees.map(nameOf).join(', '))} cutAt={160} />
          </p>
        )}
      </div>
    </li>
  );
}

const nameOf = ({ name, address }: { name: string; address: string }): string => name || address;

function timeOf({ entry, fromMs, untilMs }: DayEntry): string {
  if (entry.allDay) return words.allDay;
  if (fromMs !== null && untilMs !== null) return fromMs === untilMs ? asClock(fromMs) : asClocks(fromMs, untilMs);
  if (fromMs !== null) return words.from(asClock(fromMs));
  return untilMs === null ? words.whole : words.until(asClock(untilMs));
}
