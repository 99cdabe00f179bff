import { useState } from 'react';
import { moneyText } from '#text/money.ts';
import { put } from '../../api/client.ts';
import type { LedgerImport, MappingAsked } from '../../api/ledger.ts';
import { Notice } from '../../ui/feedback.tsx';
import { TextField } from '../../ui/field.tsx';
import { ForeignLine } from '../../ui/foreign-text.tsx';
import { Columns } from '../../ui/form/columns.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { ScrollBox } from '../../ui/scroll-box.tsx';
import { ImportResult } from './import-result.tsx';
import { askedColumns, draftOf, isComplete, type MappingDraft, mappingOf } from './mapping.ts';

const words = moneyText;
const dateOrders = ['ymd', 'dmy', 'mdy'] as const;
const decimalPoints = [',', '.'] as const;

interface MappingDialogProps {
  account: string;
  asked: MappingAsked;
  onClose: () => void;
}

/** Asks how a table is read: which column is what, how days and amounts are written. */
export function MappingDialog({ account, asked, onClose }: MappingDialogProps) {
  const [question, setQuestion] = useState(asked);
  const [draft, setDraft] = useState(() => draftOf(asked));
  const [owner, setOwner] = useState({ iban: '', currency: '' });
  const set = (part: Partial<MappingDraft>) => setDraft({ ...draft, ...part });
  const answer = useAct(
    () =>
      put<LedgerImport | undefined>(`/ledger/accounts/${encodeURIComponent(account)}/mapping`, {
        mapping: mappingOf(question, draft),
        ...(owner.iban.trim() !== '' && { iban: owner.iban }),
        ...(owner.currency.trim() !== '' && { currency: owner.currency.trim().toUpperCase() }),
      }),
    {
      refresh: ['ledger'],
      onDone: (imported) => {
        if (imported === undefined) onClose();
        else if (imported.needsMapping !== null) setQuestion(imported.needsMapping);
      },
    },
  );
  if (answer.data?.needsMapping === null) return <ImportResult imported={answer.data} onClose={onClose} />;
  const [header = [], ...lines] = question.sample;
  const choices = header.map((name, n) => ({ value: String(n), label: name || words.column(n + 1) }));
  const none = { value: '', label: words.columnNone };
  const purpose = draft.columns.text?.[0];
  return (
    <FormDialog
      title={words.mappingTitle}
      action={words.mappingAction}
      isDisabled={!isComplete(draft)}
      wide
      onClose={onClose}
      onSubmit={() => answer.mutateAsync()}
    >
      {question.questions.length > 0 && (
        <Notice tone="accent">
          <ul>
            {question.questions.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </Notice>
      )}
      <Sample header={header} lines={lines} />
      <Columns>
        {askedColumns.map((name) => (
          <SelectField
            key={name}
            label={words[name]}
            help={name === 'amount' && words.amountHelp}
            required={name === 'bookedOn'}
            value={String(columnIn(draft.columns[name]))}
            choices={[none, ...choices]}
            onChange={({ target }) =>
              set({ columns: { ...draft.columns, [name]: target.value === '' ? (name === 'bookedOn' ? -1 : null) : Number(target.value) } })
            }
          />
        ))}
        <SelectField
          label={words.purpose}
          value={String(columnIn(purpose))}
          choices={[none, ...choices]}
          onChange={({ target }) => set({ columns: { ...draft.columns, text: target.value === '' ? [] : [Number(target.value)] } })}
        />
        <SelectField
          label={words.dateOrder}
          value={draft.dateOrder}
          choices={dateOrders.map((value) => ({ value, label: words.dateOrders[value] }))}
          onChange={({ target }) => set({ dateOrder: dateOrders.find((one) => one === target.value) ?? draft.dateOrder })}
        />
        <SelectField
          label={words.decimalPoint}
          value={draft.decimalPoint}
          choices={decimalPoints.map((value) => ({ value, label: words.decimalPoints[value] }))}
          onChange={({ target }) => set({ decimalPoint: decimalPoints.find((one) => one === target.value) ?? draft.decimalPoint })}
        />
        <TextField
          label={words.currency}
          help={words.currencyHelp}
          maxLength={3}
          value={owner.currency}
          onChange={(event) => setOwner({ ...owner, currency: event.target.value })}
        />
      </Columns>
      <TextField
        label={words.iban}
        help={words.ibanHelp}
        maxLength={50}
        value={owner.iban}
        onChange={(event) => setOwner({ ...owner, iban: event.target.value })}
      />
    </FormDialog>
  );
}

const columnIn = (column: number | null | undefined): number | '' => (column == null || column < 0 ? '' : column);

function Sample({ header, lines }: { header: string[]; lines: string[][] }) {
  return (
    <ScrollBox label={words.sample} className="mb-4 rounded-card border border-line">
      <table className="w-full text-left text-note">
        <thead>
          <tr className="bg-hover">
            {header.map((name, n) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the lines of a file have no other name, and never move
              <th key={n} scope="col" className="whitespace-nowrap px-2 py-1 font-medium">
                <ForeignLine value={name || words.column(n + 1)} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="divide-y divide-line">
          {lines.map((cells, n) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the lines of a file have no other name, and never move
            <tr key={n}>
              {header.map((_, column) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the lines of a file have no other name, and never move
                <td key={column} className="whitespace-nowrap px-2 py-1">
                  <ForeignLine value={cells[column] ?? ''} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}
