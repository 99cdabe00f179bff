import { queryOptions, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { approvalsText } from '#text/approvals.ts';
import type { AssigneeChoice, Away } from '../../api/approvals.ts';
import { get, put, remove } from '../../api/client.ts';
import { formatMoment } from '../../format.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { TextField } from '../../ui/field.tsx';
import { FormError } from '../../ui/form/form-error.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { Section } from '../../ui/page.tsx';
import { dayAt, fieldOf, isoOf } from '../approval/moments.ts';
import { useDeputies } from '../approval/people.ts';

const words = approvalsText.away;
const awayKey = 'away';
/** Where the end stands before anybody has chosen one: the morning of that many days later. */
const daysProposed = 7;
const morningHour = 8;

const awayQuery = queryOptions({
  queryKey: [awayKey],
  queryFn: ({ signal }) => get<{ delegation: Away | null }>('/me/delegation', { signal }),
});

/** Who gets a person's approvals while they are away. */
export function AwaySection() {
  const away = useQuery(awayQuery);
  const current = away.data?.delegation ?? null;
  return (
    <Section title={words.title}>
      {away.error && !away.data && <ErrorBox error={away.error} onRetry={away.refetch} />}
      {away.isPending && <Skeleton rows={2} />}
      {away.data && <div className="p-4">{current === null ? <AwayForm /> : <Standing away={current} />}</div>}
    </Section>
  );
}

function Standing({ away: { to, from, until } }: { away: Away }) {
  const stop = useAct(() => remove('/me/delegation'), { refresh: [awayKey, 'approvals'], said: words.stopped, toastsErrors: true });
  const nowMs = Date.now();
  const end = formatMoment(until, nowMs);
  const isNow = Date.parse(from) <= nowMs;
  return (
    <div className="flex flex-wrap items-center justify-between gap-3">
      <p>{isNow ? words.now(to.name, end) : words.planned(to.name, formatMoment(from, nowMs), end)}</p>
      <Button disabled={stop.isPending} onClick={() => stop.mutate()}>
        {words.stop}
      </Button>
    </div>
  );
}

function AwayForm() {
  const deputies = useDeputies(approvalsText.delegate.members);
  const [chosen, setChosen] = useState('');
  const [from, setFrom] = useState(() => fieldOf(Date.now()));
  const [until, setUntil] = useState(() => fieldOf(dayAt(Date.now(), daysProposed, morningHour)));
  const save = useAct((body: { to: AssigneeChoice; from: string; until: string }) => put('/me/delegation', body), {
    refresh: [awayKey, 'approvals'],
    said: words.saved,
  });
  const [fromIso, untilIso] = [isoOf(from), isoOf(until)];
  const isInOrder = fromIso !== null && untilIso !== null && untilIso > fromIso && Date.parse(untilIso) > Date.now();
  const to = deputies.data?.find(({ id }) => id === chosen);
  const submit = () => {
    if (to && isInOrder) save.mutate({ to: { kind: to.kind, id: to.id }, from: fromIso, until: untilIso });
  };
  const choices = (deputies.data ?? []).map(({ id, name, note }) => ({ value: id, label: `${name} · ${note}` }));
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <p className="mb-4 text-muted">{words.text}</p>
      <FormError error={save.error ?? deputies.error} />
      <SelectField
        label={words.to}
        required
        value={chosen}
        onChange={(event) => setChosen(event.target.value)}
        choices={[{ value: '', label: words.choose }, ...choices]}
      />
      <div className="grid gap-x-4 sm:grid-cols-2">
        <TextField label={words.from} type="datetime-local" required value={from} onChange={(event) => setFrom(event.target.value)} />
        <TextField
          label={words.until}
          type="datetime-local"
          required
          error={isInOrder || untilIso === null ? null : words.order}
          value={until}
          onChange={(event) => setUntil(event.target.value)}
        />
      </div>
      <Button type="submit" disabled={save.isPending || !isInOrder}>
        {words.save}
      </Button>
    </form>
  );
}
