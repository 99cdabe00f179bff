import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { moneyText } from '#text/money.ts';
import type { LedgerRule, LedgerRules } from '../../api/ledger.ts';
import { Button } from '../../ui/button.tsx';
import { CheckField, TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { useSettled } from '../../ui/use-settled.ts';
import { digitsOf } from './amount.ts';
import { currencyDefault, saveRules, saysSomething, trialQuery } from './rules.ts';

const words = moneyText.rules;
const directions = ['in', 'out'] as const;

interface RuleDialogProps {
  saved: LedgerRules;
  /** The rule's place; behind the last one: it is new. */
  at: number;
  onClose: () => void;
}

/** One rule, with how much of what was booked it would have decided as it is written now. */
export function RuleDialog({ saved, at, onClose }: RuleDialogProps) {
  const before = saved.rules[at];
  const [draft, setDraft] = useState<Draft>(() => draftOf(before));
  const set = (part: Partial<Draft>) => setDraft({ ...draft, ...part });
  const rule = useMemo(() => ruleOf(draft), [draft]);
  const rules = useMemo(() => saved.rules.toSpliced(at, 1, rule), [saved, at, rule]);
  const settled = useSettled(rules);
  const isWhole = rule.category !== '' && saysSomething(rule);
  const canTry = settled.every((one) => one.category !== '' && saysSomething(one));
  const trial = useQuery({ ...trialQuery(settled), enabled: canTry });
  const save = useAct((next: readonly LedgerRule[]) => saveRules(saved, next), {
    refresh: ['ledger'],
    said: moneyText.saved,
    onDone: onClose,
  });
  const remove = useAct(() => saveRules(saved, saved.rules.toSpliced(at, 1)), {
    refresh: ['ledger'],
    said: words.removed,
    onDone: onClose,
    toastsErrors: true,
  });
  return (
    <FormDialog
      title={before ? words.editTitle : words.make}
      action={moneyText.save}
      isDisabled={!isWhole}
      onClose={onClose}
      onSubmit={() => save.mutateAsync(rules)}
    >
      <TextField
        label={moneyText.category}
        required
        autoFocus
        maxLength={100}
        value={draft.category}
        onChange={(event) => set({ category: event.target.value })}
      />
      <TextField
        label={words.counterparty}
        help={words.wordsHelp}
        maxLength={140}
        value={draft.counterparty}
        onChange={(event) => set({ counterparty: event.target.value })}
      />
      <TextField label={words.text} maxLength={140} value={draft.text} onChange={(event) => set({ text: event.target.value })} />
      <TextField
        label={words.iban}
        minLength={5}
        maxLength={42}
        spellCheck={false}
        value={draft.iban}
        onChange={(event) => set({ iban: event.target.value })}
      />
      <SelectField
        label={words.direction}
        value={draft.direction}
        choices={[{ value: '', label: words.anyDirection }, ...directions.map((value) => ({ value, label: words.directions[value] }))]}
        onChange={(event) => set({ direction: event.target.value })}
      />
      <div className="mb-4 grid grid-cols-3 gap-x-3 *:mb-0">
        <TextField
          label={words.min}
          type="number"
          min={0}
          step="any"
          value={draft.min}
          onChange={(event) => set({ min: event.target.value })}
        />
        <TextField
          label={words.max}
          type="number"
          min={0}
          step="any"
          value={draft.max}
          onChange={(event) => set({ max: event.target.value })}
        />
        <TextField
          label={words.currency}
          pattern="[A-Za-z]{3}"
          maxLength={3}
          spellCheck={false}
          value={draft.currency}
          onChange={(event) => set({ currency: event.target.value })}
        />
      </div>
      <CheckField
        label={words.event}
        help={words.eventHelp}
        checked={draft.event}
        onChange={(event) => set({ event: event.target.checked })}
      />
      <p role="status" className="min-h-5 text-muted">
        {!isWhole ? words.incomplete : trial.data && canTry && words.would(trial.data.matched[at] ?? 0, trial.data.looked)}
      </p>
      {before && (
        <Button look="danger" className="mt-4" disabled={remove.isPending} onClick={() => remove.mutate()}>
          {words.remove}
        </Button>
      )}
    </FormDialog>
  );
}

/** A rule as it is typed. */
type Draft = Record<'category' | 'counterparty' | 'text' | 'iban' | 'direction' | 'min' | 'max' | 'currency', string> & { event: boolean };

function draftOf(rule: LedgerRule | undefined): Draft {
  const {
    category = '',
    counterparty = '',
    text = '',
    iban = '',
    direction = '',
    currency = '',
    minMinor,
    maxMinor,
    event = false,
  } = rule ?? {};
  const unit = 10 ** digitsOf(currency || currencyDefault);
  const shown = (minor: number | undefined): string => (minor === undefined ? '' : String(minor / unit));
  return { category, counterparty, text, iban, direction, currency, event, min: shown(minMinor), max: shown(maxMinor) };
}

/** Only what was filled in is a condition. */
function ruleOf(draft: Draft): LedgerRule {
  const [counterparty, text, iban] = [draft.counterparty.trim(), draft.text.trim(), draft.iban.trim()];
  const currency = /^[a-z]{3}$/i.test(draft.currency) ? draft.currency.toUpperCase() : '';
  const unit = 10 ** digitsOf(currency || currencyDefault);
  const direction = directions.find((one) => one === draft.direction);
  const minor = (amount: string): number => Math.round(Number(amount) * unit);
  return {
    category: draft.category.trim(),
    ...(counterparty !== '' && { counterparty }),
    ...(iban.length >= 5 && { iban }),
    ...(text !== '' && { text }),
    ...(direction && { direction }),
    ...(draft.min !== '' && Number(draft.min) >= 0 && { minMinor: minor(draft.min) }),
    ...(draft.max !== '' && Number(draft.max) >= 0 && { maxMinor: minor(draft.max) }),
    ...(currency !== '' && { currency }),
    ...(draft.event && { event: true }),
  };
}
