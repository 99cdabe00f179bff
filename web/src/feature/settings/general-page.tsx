import { queryOptions, useQuery } from '@tanstack/react-query';
import { get, put } from '../../api/client.ts';
import type { Settings } from '../../api/tenancy.ts';
import { settingsText } from '../../text/settings.ts';
import { ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { CheckField, TextField } from '../../ui/field.tsx';
import { Block } from '../../ui/form/block.tsx';
import { CheckList } from '../../ui/form/check-list.tsx';
import { SaveForm } from '../../ui/form/save-form.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { useDraft } from '../../ui/form/use-draft.ts';
import { TopicPage } from './topic-page.tsx';
import { useMay } from './topics.tsx';

const words = settingsText.general;
const settingsQuery = queryOptions({ queryKey: ['settings'], queryFn: ({ signal }) => get<Settings>('/settings', { signal }) });
const usualHours = { days: [1, 2, 3, 4, 5], from: '08:00', to: '18:00' };
/** The week begins on Monday. */
const weekDays = [1, 2, 3, 4, 5, 6, 0];

/** The tenant's own settings. */
export default function GeneralPage() {
  const settings = useQuery(settingsQuery);
  return (
    <TopicPage topic="general">
      {settings.error && <ErrorBox error={settings.error} onRetry={settings.refetch} />}
      {settings.isPending && <Skeleton rows={5} />}
      {settings.data && <GeneralForm settings={settings.data} />}
    </TopicPage>
  );
}

function GeneralForm({ settings }: { settings: Settings }) {
  const { draft, set, isChanged, reset } = useDraft(settings);
  const mayWrite = useMay('settings:write');
  const save = useAct(() => put('/settings', draft), { refresh: ['settings', 'me'], said: settingsText.saved, onDone: reset });
  const number = (value: string) => (value === '' ? null : Number(value));
  return (
    <SaveForm
      isChanged={isChanged}
      isBusy={save.isPending}
      error={save.error}
      onSave={() => save.mutate()}
      onReset={reset}
      isReadOnly={!mayWrite}
    >
      <Block title={words.about}>
        <TextField label={words.name} required value={draft.name} onChange={(event) => set({ name: event.target.value })} />
        <div className="grid gap-x-4 sm:grid-cols-2 sm:last:-mb-4">
          <SelectField
            label={words.language}
            value={draft.locale}
            choices={choicesOf(words.languages, draft.locale)}
            onChange={(event) => set({ locale: event.target.value })}
          />
          <SelectField
            label={words.timeZone}
            value={draft.timeZone}
            choices={zones(draft.timeZone).map((zone) => ({ value: zone, label: zone.replaceAll('_', ' ') }))}
            onChange={(event) => set({ timeZone: event.target.value })}
          />
        </div>
      </Block>
      <Block title={words.work}>
        <WorkingHours hours={draft.workingHours} onChange={(workingHours) => set({ workingHours })} />
        <div className="grid gap-x-4 sm:grid-cols-2 sm:last:-mb-4">
          <TextField
            label={words.approvalTtl}
            help={words.approvalTtlHelp}
            type="number"
            min={1}
            max={8760}
            required
            value={draft.approvalTtlHours}
            onChange={(event) => set({ approvalTtlHours: Number(event.target.value) })}
          />
          <TextField
            label={words.model}
            help={words.modelHelp}
            value={draft.planner.model ?? ''}
            onChange={(event) => set({ planner: { ...draft.planner, model: event.target.value || null } })}
          />
        </div>
      </Block>
      <Block title={words.keep}>
        <div className="grid gap-x-4 sm:grid-cols-2 sm:last:-mb-4">
          <TextField
            label={words.tasksDays}
            help={words.daysHelp}
            type="number"
            min={1}
            value={draft.retention.tasksDays ?? ''}
            onChange={(event) => set({ retention: { ...draft.retention, tasksDays: number(event.target.value) } })}
          />
          <TextField
            label={words.vaultDays}
            help={words.daysHelp}
            type="number"
            min={1}
            value={draft.retention.vaultDays ?? ''}
            onChange={(event) => set({ retention: { ...draft.retention, vaultDays: number(event.target.value) } })}
          />
        </div>
        <p className="text-muted">
          {words.custody}: {words.custodies[draft.custody] ?? draft.custody}
        </p>
      </Block>
    </SaveForm>
  );
}

function WorkingHours({ hours, onChange }: { hours: Settings['workingHours']; onChange: (hours: Settings['workingHours']) => void }) {
  return (
    <>
      <CheckField
        label={words.workingHours}
        help={words.workingHoursHelp}
        checked={hours !== null}
        onChange={(event) => onChange(event.target.checked ? usualHours : null)}
      />
      {hours && (
        <div className="mb-4 border-line border-l-2 pl-4">
          <CheckList
            legend={words.days}
            columns
            items={weekDays.map((day) => ({ value: String(day), label: words.dayNames[day] }))}
            value={hours.days.map(String)}
            onChange={(days) => onChange({ ...hours, days: days.map(Number).sort() })}
          />
          <div className="grid max-w-xs grid-cols-2 gap-4">
            <TextField
              label={words.from}
              type="time"
              required
              value={hours.from}
              onChange={(event) => onChange({ ...hours, from: event.target.value })}
            />
            <TextField
              label={words.to}
              type="time"
              required
              value={hours.to}
              onChange={(event) => onChange({ ...hours, to: event.target.value })}
            />
          </div>
        </div>
      )}
    </>
  );
}

const choicesOf = (names: Record<string, string>, current: string) =>
  Object.entries({ ...names, [current]: names[current] ?? current }).map(([value, label]) => ({ value, label }));

const zones = (current: string): string[] => [...new Set([current, 'UTC', ...Intl.supportedValuesOf('timeZone')])];
