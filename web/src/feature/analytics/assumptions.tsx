import { useState } from 'react';
import { analyticsText as words } from '#text/analytics.ts';
import type { Analytics, Assumptions } from '../../api/analytics.ts';
import { put } from '../../api/client.ts';
import { Button } from '../../ui/button.tsx';
import { CheckField, TextField } from '../../ui/field.tsx';
import { Block } from '../../ui/form/block.tsx';
import { Columns } from '../../ui/form/columns.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { useSignedIn } from '../session/session.ts';
import { digitsOf, moneyIn } from './format.ts';

const micros = 1_000_000;

/** What figures of value rest on, said beside them, and a way to change it for those who may. */
export function AssumptionsBlock({ data }: { data: Analytics }) {
  const [isOpen, setOpen] = useState(false);
  const mayWrite = useSignedIn().permissions.includes('settings:write');
  const { currency, wageMinor, minutesPerTask, secondsPerAnswer, usdRateMicros, minutesByPlaybook } = data.assumptions;
  const money = moneyIn(currency);
  const own = Object.keys(minutesByPlaybook).length;
  return (
    <Block title={words.assumptions} side={mayWrite && <Button onClick={() => setOpen(true)}>{words.change}</Button>}>
      <p>
        {words.assumptionsText(
          money((wageMinor * micros) / 10 ** digitsOf(currency)),
          words.minutes(minutesPerTask),
          words.seconds(secondsPerAnswer),
        )}{' '}
        {own > 0 && words.ownMinutes(own)} {currency !== 'USD' && words.rate(money(usdRateMicros))}
      </p>
      {isOpen && <AssumptionsDialog data={data} onClose={() => setOpen(false)} />}
    </Block>
  );
}

function AssumptionsDialog({ data, onClose }: { data: Analytics; onClose: () => void }) {
  const [draft, setDraft] = useState(() => textsOf(data.assumptions));
  const set = (part: Partial<typeof draft>) => setDraft({ ...draft, ...part });
  const names = [...new Set([...data.completedByPlaybook.map(({ name }) => name), ...Object.keys(draft.minutesBy)])].filter(
    (name) => name !== '',
  );
  const save = useAct(() => put('/settings', { analytics: valueOfTexts(draft) }), {
    refresh: ['analytics', 'settings', 'survey'],
    said: words.saved,
    onDone: onClose,
  });
  const number = (label: string, field: 'minutes' | 'seconds' | 'wage' | 'rate', more: { step?: string; help?: string } = {}) => (
    <TextField
      label={label}
      type="number"
      min={0}
      required
      value={draft[field]}
      onChange={(event) => set({ [field]: event.target.value })}
      {...more}
    />
  );
  return (
    <FormDialog title={words.changeTitle} action={words.save} wide onClose={onClose} onSubmit={() => save.mutateAsync()}>
      <Columns>
        <TextField
          label={words.currency}
          help={words.currencyHelp}
          required
          pattern="[A-Za-z]{3}"
          maxLength={3}
          value={draft.currency}
          onChange={(event) => set({ currency: event.target.value.toUpperCase() })}
        />
        {number(words.wage, 'wage', { step: 'any' })}
      </Columns>
      <Columns>
        {number(words.minutesPerTask, 'minutes', { help: words.minutesPerTaskHelp })}
        {number(words.secondsPerAnswer, 'seconds')}
      </Columns>
      {draft.currency !== 'USD' && <Columns>{number(words.usdRate, 'rate', { step: 'any', help: words.usdRateHelp })}</Columns>}
      {names.length > 0 && (
        <Columns>
          {names.map((name) => (
            <TextField
              key={name}
              label={words.minutesOf(name)}
              help={words.minutesOfHelp}
              type="number"
              min={0}
              value={draft.minutesBy[name] ?? ''}
              onChange={(event) => set({ minutesBy: { ...draft.minutesBy, [name]: event.target.value } })}
            />
          ))}
        </Columns>
      )}
      <CheckField
        label={words.askPeople}
        help={words.askPeopleHelp}
        checked={draft.survey}
        onChange={(event) => set({ survey: event.target.checked })}
      />
    </FormDialog>
  );
}

/** As it is typed: amounts in whole units of the currency. */
const textsOf = (set: Assumptions) => ({
  currency: set.currency,
  wage: String(set.wageMinor / 10 ** digitsOf(set.currency)),
  rate: String(set.usdRateMicros / micros),
  minutes: String(set.minutesPerTask),
  seconds: String(set.secondsPerAnswer),
  minutesBy: Object.fromEntries(Object.entries(set.minutesByPlaybook).map(([name, minutes]) => [name, String(minutes)])),
  survey: set.survey,
});

function valueOfTexts(draft: ReturnType<typeof textsOf>): Assumptions {
  return {
    currency: draft.currency,
    wageMinor: Math.round(Number(draft.wage) * 10 ** digitsOf(draft.currency)),
    usdRateMicros: draft.currency === 'USD' ? micros : Math.round(Number(draft.rate) * micros),
    minutesPerTask: Math.round(Number(draft.minutes)),
    minutesByPlaybook: Object.fromEntries(
      Object.entries(draft.minutesBy).flatMap(([name, minutes]) => (minutes.trim() === '' ? [] : [[name, Math.round(Number(minutes))]])),
    ),
    secondsPerAnswer: Math.round(Number(draft.seconds)),
    survey: draft.survey,
  };
}
