import { useQuery } from '@tanstack/react-query';
import { settingsText } from '#text/settings.ts';
import { put } from '../../api/client.ts';
import type { Settings } from '../../api/tenancy.ts';
import { ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { CheckField, TextField } from '../../ui/field.tsx';
import { Block } from '../../ui/form/block.tsx';
import { CheckList } from '../../ui/form/check-list.tsx';
import { Columns } from '../../ui/form/columns.tsx';
import { SaveForm } from '../../ui/form/save-form.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { useDraft } from '../../ui/form/use-draft.ts';
import { settingsQuery } from './queries.ts';
import { TopicPage } from './topic-page.tsx';
import { useMay } from './topics.tsx';

const words = settingsText.general;
const usualHours = { days: [1, 2, 3, 4, 5], from: '08:00', to: '18:00' };
/** As ISO 8601 counts them. */
const weekDays = [1, 2, 3, 4, 5, 6, 7];

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
  const { draft, changes, set, isChanged, reset } = useDraft(settings);
  const mayWrite = useMay('settings:write');
  const save = useAct(() => put('/settings', changes), { refresh: ['settings', 'me'], said: settingsText.saved, onDone: reset });
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
        <TextField
          label={words.name}
          help={words.nameHelp(settings.name)}
          required
          maxLength={100}
          value={draft.title}
          onChange={(event) => set({ title: event.target.value })}
        />
        <Columns>
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
        </Columns>
      </Block>
      <Block title={words.work}>
        <WorkingHours hours={draft.workingHours} onChange={(workingHours) => set({ workingHours })} />
        <Columns>
          <TextField
            label={words.approvalTtl}
            help={words.approvalTtlHelp}
            type="number"
            min={1}
            max={2160}
            required
            value={draft.approvalTtlHours}
            onChange={(event) => set({ approvalTtlHours: Number(event.target.value) })}
          />
          <SelectField
            label={words.planner}
            value={draft.planner === 'playbooks' ? nobody : (draft.model ?? anyModel)}
            choices={plannersOf(draft)}
            onChange={(event) => set(plannerOf(event.target.value))}
          />
        </Columns>
      </Block>
      <Block title={words.keep}>
        <TextField
          label={words.retentionDays}
          help={words.daysHelp}
          type="number"
          min={1}
          max={36500}
          value={draft.retentionDays ?? ''}
          onChange={(event) => set({ retentionDays: event.target.value === '' ? null : Number(event.target.value) })}
        />
        <CheckField
          label={words.writesFiles}
          checked={draft.writesFiles}
          onChange={(event) => set({ writesFiles: event.target.checked })}
        />
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

const nobody = 'playbooks';
const anyModel = 'model';

/** Nobody, whichever model there is, or one by its name; also the one that was chosen and is not there any more. */
const plannersOf = ({ models, model }: Settings) => [
  { value: nobody, label: words.plannerNobody },
  { value: anyModel, label: words.plannerAny },
  ...[...new Set([...models, ...(model === null ? [] : [model])])].map((name) => ({ value: name, label: words.plannerModel(name) })),
];

const plannerOf = (value: string): Pick<Settings, 'planner' | 'model'> =>
  value === nobody ? { planner: 'playbooks', model: null } : { planner: 'model', model: value === anyModel ? null : value };

const choicesOf = (names: Record<string, string>, current: string) =>
  Object.entries({ ...names, [current]: names[current] ?? current }).map(([value, label]) => ({ value, label }));

const zones = (current: string): string[] => [...new Set([current, 'UTC', ...Intl.supportedValuesOf('timeZone')])];
