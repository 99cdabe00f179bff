import { useQuery } from '@tanstack/react-query';
import { useDeferredValue, useState } from 'react';
import { connectionsText } from '#text/connections.ts';
import { post, put } from '../../api/client.ts';
import type { Schedule } from '../../api/connections.ts';
import { formatExact } from '../../format.ts';
import { describeError } from '../../ui/feedback.tsx';
import { TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { settingsQuery } from './queries.ts';

const words = connectionsText.schedules;
const presets = Object.entries(words.presets).map(([value, label]) => ({ value, label }));

interface ScheduleDialogProps {
  /** The one that is changed; without it a new one is made. */
  schedule?: Schedule;
  onClose: () => void;
}

/** Says when something comes, and shows the next times before it is saved. */
export function ScheduleDialog({ schedule, onClose }: ScheduleDialogProps) {
  const [draft, setDraft] = useState({
    name: schedule?.name ?? '',
    kind: schedule?.kind ?? '',
    cron: schedule?.cron ?? '0 7 * * 1',
    zone: schedule?.zone ?? '',
  });
  const [isOwn, setOwn] = useState(!presets.some(({ value }) => value === draft.cron));
  const set = (part: Partial<typeof draft>) => setDraft({ ...draft, ...part });
  const settings = useQuery(settingsQuery).data;
  const said = { name: draft.name, kind: draft.kind, cron: draft.cron, zone: draft.zone === '' ? null : draft.zone };
  const save = useAct(
    () => (schedule ? put(`/schedules/${encodeURIComponent(schedule.id)}`, said) : post('/schedules', { ...said, payload: {} })),
    { refresh: ['schedules'], said: schedule ? words.saved : words.made, onDone: onClose },
  );
  return (
    <FormDialog
      title={schedule ? words.changeTitle(schedule.name) : words.newTitle}
      action={schedule ? words.save : words.make}
      onClose={onClose}
      onSubmit={() => save.mutateAsync()}
    >
      <TextField
        label={words.name}
        required
        maxLength={120}
        autoFocus
        value={draft.name}
        onChange={(event) => set({ name: event.target.value })}
      />
      <TextField
        label={words.kind}
        help={words.kindHelp}
        required
        maxLength={64}
        pattern="[a-z][a-z0-9_.\-]*"
        spellCheck={false}
        value={draft.kind}
        onChange={(event) => set({ kind: event.target.value })}
      />
      <SelectField
        label={words.when}
        choices={presets}
        value={isOwn ? 'own' : draft.cron}
        onChange={(event) => {
          setOwn(event.target.value === 'own');
          if (event.target.value !== 'own') set({ cron: event.target.value });
        }}
      />
      {isOwn && (
        <TextField
          label={words.presets.own}
          help={words.whenHelp}
          required
          maxLength={200}
          spellCheck={false}
          className="font-mono"
          value={draft.cron}
          onChange={(event) => set({ cron: event.target.value })}
        />
      )}
      <TextField
        label={words.zone}
        help={words.zoneHelp(settings?.timeZone ?? '')}
        maxLength={100}
        spellCheck={false}
        value={draft.zone}
        onChange={(event) => set({ zone: event.target.value })}
      />
      <Preview cron={draft.cron} zone={said.zone} />
    </FormDialog>
  );
}

function Preview({ cron, zone }: { cron: string; zone: string | null }) {
  const asked = useDeferredValue(JSON.stringify({ cron, zone }));
  const { data, error } = useQuery({
    queryKey: ['schedule-preview', asked],
    queryFn: () => post<{ zone: string; next: string[] }>('/schedules/preview', JSON.parse(asked)),
    retry: false,
  });
  return (
    <div role="status" className="text-note">
      {error && <p className="text-bad">{describeError(error)}</p>}
      {data && (
        <>
          <p className="text-muted">{words.next}</p>
          <ul>
            {data.next.slice(0, 3).map((at) => (
              <li key={at}>{formatExact(at)}</li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
