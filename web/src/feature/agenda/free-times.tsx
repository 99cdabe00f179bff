import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { agendaText } from '#text/agenda.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';
import { Section } from '../../ui/page.tsx';
import { asClocks, asDay } from './format.ts';
import { slotsQuery } from './queries.ts';
import { type AgendaSearch, addDays, dayAt, slotMinutes, slotWeeks, startOf } from './week.ts';

const words = agendaText.slots;

/** Asks when everybody is free, from the week that is shown on; what was asked stands in the address. */
export function FreeTimes({ monday, search }: { monday: string; search: AgendaSearch }) {
  const navigate = useNavigate();
  const [minutes, setMinutes] = useState(search.minutes ?? 60);
  const [weeks, setWeeks] = useState(search.weeks ?? 1);
  return (
    <Section title={words.title}>
      <form
        className="p-4"
        onSubmit={(event) => {
          event.preventDefault();
          void navigate({ to: '/agenda', search: { ...search, minutes, weeks }, resetScroll: false });
        }}
      >
        <p className="mb-3 text-muted">{words.text}</p>
        <SelectField
          label={words.length}
          value={minutes}
          choices={slotMinutes.map((one) => ({ value: String(one), label: words.minutes(one) }))}
          onChange={(event) => setMinutes(Number(event.target.value))}
        />
        <SelectField
          label={words.span}
          value={weeks}
          choices={slotWeeks.map((one) => ({ value: String(one), label: words.weeks(one) }))}
          onChange={(event) => setWeeks(Number(event.target.value))}
        />
        <Button type="submit">{words.find}</Button>
      </form>
      {search.minutes !== undefined && <Found monday={monday} minutes={search.minutes} weeks={search.weeks ?? 1} />}
    </Section>
  );
}

function Found({ monday, minutes, weeks }: { monday: string; minutes: number; weeks: number }) {
  const range = { from: new Date(startOf(monday)).toISOString(), to: new Date(startOf(addDays(monday, weeks * 7))).toISOString() };
  const slots = useQuery(slotsQuery(range, minutes));
  if (slots.error) return <ErrorBox error={slots.error} onRetry={slots.refetch} />;
  if (slots.data === undefined) return <Skeleton rows={2} />;
  const { items, complete } = slots.data;
  const days = Map.groupBy(
    items.map(({ start, end }) => ({ fromMs: Date.parse(start), untilMs: Date.parse(end) })),
    ({ fromMs }) => dayAt(fromMs),
  );
  return (
    <div role="status" className="border-line border-t px-4 py-3">
      {items.length === 0 && <p className="text-muted">{words.none}</p>}
      {items.length > 0 && !complete && <p className="mb-2 text-warn">{words.unsure}</p>}
      <dl className="space-y-2">
        {[...days].map(([day, times]) => (
          <div key={day}>
            <dt className="font-medium">{asDay(day)}</dt>
            <dd>
              <ul className="flex flex-wrap gap-x-4 tabular-nums">
                {times.map(({ fromMs, untilMs }) => (
                  <li key={fromMs} className="whitespace-nowrap">
                    {asClocks(fromMs, untilMs)}
                  </li>
                ))}
              </ul>
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
