import { useState } from 'react';
import { policiesText } from '#text/policies.ts';
import { settingsText } from '#text/settings.ts';
import type { Policy, Thresholds } from '../../api/policies.ts';
import { Button } from '../../ui/button.tsx';
import { Notice } from '../../ui/feedback.tsx';
import { CheckField, TextField } from '../../ui/field.tsx';
import { Block } from '../../ui/form/block.tsx';
import { Columns } from '../../ui/form/columns.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';
import { useDraft } from '../../ui/form/use-draft.ts';
import { Lines } from '../vault/difference-view.tsx';
import { AdoptDialog } from './adopt-dialog.tsx';
import { currencies, digitsOf, minorOf, unitsOf } from './amount.ts';

const words = policiesText;
const peopleMax = 5;

/** The usual choices. What they mean is written as a policy by the server. */
export function PolicyForm({ policy, mayWrite }: { policy: Policy; mayWrite: boolean }) {
  const { draft, set, isChanged, reset } = useDraft<Thresholds>(policy.thresholds ?? policy.nearest);
  const [isReviewing, setReviewing] = useState(false);
  const isEdited = policy.thresholds === null;
  const isCareful = draft.paymentApprovals > 1 || draft.paymentStepUp || draft.paymentFourEyes;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        setReviewing(true);
      }}
    >
      {!mayWrite && <p className="mb-4 text-muted">{settingsText.readOnly}</p>}
      {isEdited && (
        <Notice tone="warn">
          <p className="font-medium">{words.edited}</p>
          <p className="mb-3">{words.editedText}</p>
          <Lines before={policy.formText} after={policy.text} />
        </Notice>
      )}
      <fieldset disabled={!mayWrite} className="mb-4">
        <Block title={words.payments} note={words.paymentsNote}>
          <Columns>
            <Amount
              label={words.payUpTo}
              help={words.payUpToHelp}
              minor={draft.payUnattendedUpToMinor}
              currency={draft.currency}
              onChange={(payUnattendedUpToMinor) => set({ payUnattendedUpToMinor })}
            />
            <SelectField
              label={words.currency}
              value={draft.currency}
              choices={currencies(draft.currency)}
              onChange={(event) => set({ currency: event.target.value })}
            />
          </Columns>
          <Columns>
            <SelectField
              label={words.approvals}
              value={String(draft.paymentApprovals)}
              choices={Array.from({ length: peopleMax }, (_, at) => ({ value: String(at + 1), label: words.approvalsChoice(at + 1) }))}
              onChange={(event) => set({ paymentApprovals: Number(event.target.value) })}
            />
            {isCareful && (
              <Amount
                label={words.careFrom}
                help={words.careFromHelp}
                minor={draft.paymentCareFromMinor}
                currency={draft.currency}
                onChange={(paymentCareFromMinor) => set({ paymentCareFromMinor })}
              />
            )}
          </Columns>
          <CheckField
            label={words.stepUp}
            help={words.stepUpHelp}
            checked={draft.paymentStepUp}
            onChange={(event) => set({ paymentStepUp: event.target.checked })}
          />
          <CheckField
            label={words.fourEyes}
            checked={draft.paymentFourEyes}
            onChange={(event) => set({ paymentFourEyes: event.target.checked })}
          />
        </Block>
        <Block title={words.mail}>
          <CheckField
            label={words.sendKnown}
            help={words.sendKnownHelp}
            checked={draft.sendUnattendedToKnown}
            onChange={(event) => set({ sendUnattendedToKnown: event.target.checked })}
          />
          <TextField
            label={words.recipientsMax}
            type="number"
            min={1}
            max={1000}
            required
            className="max-w-32"
            value={draft.recipientsMax}
            onChange={(event) => set({ recipientsMax: Number(event.target.value) })}
          />
        </Block>
        <Block title={words.notes}>
          <CheckField
            label={words.writeAlone}
            help={words.writeAloneHelp}
            checked={draft.writeUnattended}
            onChange={(event) => set({ writeUnattended: event.target.checked })}
          />
        </Block>
      </fieldset>
      {mayWrite && (
        <div className="flex flex-wrap gap-2">
          <Button look="primary" type="submit" disabled={!isChanged && !isEdited}>
            {words.review}
          </Button>
          {isChanged && (
            <Button look="quiet" onClick={reset}>
              {words.reset}
            </Button>
          )}
        </div>
      )}
      {isReviewing && (
        <AdoptDialog
          title={words.reviewTitle}
          action={words.adopt}
          draft={{ thresholds: draft }}
          policy={policy}
          onClose={() => setReviewing(false)}
          onDone={reset}
        />
      )}
    </form>
  );
}

interface AmountProps {
  label: string;
  help: string;
  minor: number;
  currency: string;
  onChange: (minor: number) => void;
}

/** An amount in whole units. What is being typed stays as it is typed. */
function Amount({ label, help, minor, currency, onChange }: AmountProps) {
  const [typed, setTyped] = useState<string | null>(null);
  return (
    <TextField
      label={label}
      help={help}
      type="number"
      min={0}
      max={unitsOf(100_000_000, currency)}
      step={1 / 10 ** digitsOf(currency)}
      required
      value={typed ?? unitsOf(minor, currency)}
      onChange={(event) => {
        setTyped(event.target.value);
        onChange(minorOf(event.target.value, currency));
      }}
      onBlur={() => setTyped(null)}
    />
  );
}
