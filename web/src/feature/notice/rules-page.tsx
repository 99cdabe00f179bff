import { useQuery } from '@tanstack/react-query';
import { noticesText } from '#text/notices.ts';
import { put } from '../../api/client.ts';
import type { NoticeKind, NoticeRules, RulesAnswer } from '../../api/notices.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { CheckField, TextField } from '../../ui/field.tsx';
import { Columns } from '../../ui/form/columns.tsx';
import { SaveForm } from '../../ui/form/save-form.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { useDraft } from '../../ui/form/use-draft.ts';
import { Page, Section } from '../../ui/page.tsx';
import { OwnChanges } from '../change/own-changes.tsx';
import { Help } from '../help/help.tsx';
import { BrowserSection } from './browsers.tsx';
import { KindTable } from './kind-table.tsx';
import { rulesQuery } from './queries.ts';
import { weekdays } from './weekdays.ts';

const words = noticesText.rules;

/** What one person is told of, where and when. */
export default function NoticeRulesPage() {
  const saved = useQuery(rulesQuery);
  return (
    <Page title={words.title} help={<Help topic="noticeRules" />}>
      <p className="-mt-3 mb-5 text-muted">{words.intro}</p>
      {saved.error && !saved.data && <ErrorBox error={saved.error} onRetry={saved.refetch} />}
      {saved.isPending && <Skeleton rows={8} />}
      {saved.data && (
        <>
          <BrowserSection />
          <RulesForm answer={saved.data} />
          <OwnChanges topics={['notices']} />
        </>
      )}
    </Page>
  );
}

function RulesForm({ answer: { rules, usual, kinds, canMail } }: { answer: RulesAnswer }) {
  const { draft, set, isChanged, reset } = useDraft(rules);
  const save = useAct(() => put('/me/notice-rules', draft), { refresh: ['notice-rules', 'own-changes'], said: words.saved, onDone: reset });
  const { quiet, digest, titles } = draft;
  return (
    <SaveForm
      isChanged={isChanged}
      isBusy={save.isPending}
      error={save.error}
      onSave={() => save.mutate()}
      onReset={reset}
      side={<Button onClick={() => set(usual)}>{words.usual}</Button>}
    >
      <Section title={words.what}>
        <KindTable
          kinds={kinds}
          value={draft.kinds}
          onChange={(kind: NoticeKind, channels) => set({ kinds: { ...draft.kinds, [kind]: { ...draft.kinds[kind], ...channels } } })}
        />
        {!canMail && <p className="border-line border-t px-4 py-3 text-muted text-note">{words.noMail}</p>}
      </Section>
      <Section title={words.outside}>
        <div className="p-4">
          <p className="mb-3 text-muted">{words.outsideText}</p>
          <CheckField
            label={words.titlesPush}
            help={words.titlesHelp}
            checked={titles.push}
            onChange={(event) => set({ titles: { ...titles, push: event.target.checked } })}
          />
          <CheckField
            label={words.titlesMail}
            help={words.titlesHelp}
            checked={titles.mail}
            onChange={(event) => set({ titles: { ...titles, mail: event.target.checked } })}
          />
          <SelectField
            label={words.risk}
            value={draft.minimumRisk}
            choices={(['low', 'medium', 'high'] as const).map((value) => ({ value, label: words.risks[value] }))}
            onChange={(event) => set({ minimumRisk: riskOf(event.target.value) })}
          />
        </div>
      </Section>
      <Section title={words.when}>
        <div className="p-4">
          <CheckField
            label={words.quiet}
            help={words.quietHelp}
            checked={quiet.on}
            onChange={(event) => set({ quiet: { ...quiet, on: event.target.checked } })}
          />
          <Columns>
            <TextField
              label={words.from}
              type="time"
              required
              disabled={!quiet.on}
              value={quiet.from}
              onChange={(event) => set({ quiet: { ...quiet, from: event.target.value } })}
            />
            <TextField
              label={words.to}
              type="time"
              required
              disabled={!quiet.on}
              value={quiet.to}
              onChange={(event) => set({ quiet: { ...quiet, to: event.target.value } })}
            />
          </Columns>
          <CheckField
            label={words.weekends}
            checked={quiet.weekends}
            onChange={(event) => set({ quiet: { ...quiet, weekends: event.target.checked } })}
          />
          <Columns>
            <TextField
              label={words.digestAt}
              type="time"
              required
              value={digest.at}
              onChange={(event) => set({ digest: { ...digest, at: event.target.value } })}
            />
            <SelectField
              label={words.digestOn}
              value={digest.weekday === null ? '' : String(digest.weekday)}
              choices={[{ value: '', label: words.daily }, ...weekdays]}
              onChange={(event) => set({ digest: { ...digest, weekday: event.target.value === '' ? null : Number(event.target.value) } })}
            />
          </Columns>
          <SelectField
            label={words.zone}
            value={draft.zone ?? ''}
            choices={[
              { value: '', label: words.tenantZone },
              ...zones(draft.zone).map((zone) => ({ value: zone, label: zone.replaceAll('_', ' ') })),
            ]}
            onChange={(event) => set({ zone: event.target.value === '' ? null : event.target.value })}
          />
        </div>
      </Section>
    </SaveForm>
  );
}

const riskOf = (value: string): NoticeRules['minimumRisk'] => (value === 'high' || value === 'medium' ? value : 'low');

/** The browser's own first: it is most people's. */
function zones(chosen: string | null): string[] {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return [...new Set([...(chosen === null ? [] : [chosen]), own, 'UTC', ...Intl.supportedValuesOf('timeZone')])];
}
