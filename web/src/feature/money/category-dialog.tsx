import { useState } from 'react';
import { moneyText } from '#text/money.ts';
import { put } from '../../api/client.ts';
import type { LedgerTransaction } from '../../api/ledger.ts';
import { TextField } from '../../ui/field.tsx';
import { ForeignLine, ForeignText } from '../../ui/foreign-text.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { formatCalendarDay } from './amount.ts';
import { Money } from './money.tsx';

const words = moneyText;

/** Says what a transaction was for; a proposal stands there already and only has to be saved. */
export function CategoryDialog({ transaction, onClose }: { transaction: LedgerTransaction; onClose: () => void }) {
  const { id, bookedOn, amountMinor, currency, counterparty, text, proposal, categoryWhy } = transaction;
  const [category, setCategory] = useState(transaction.category ?? proposal?.category ?? '');
  const save = useAct(() => put(`/ledger/transactions/${encodeURIComponent(id)}`, { category: category.trim() || null }), {
    refresh: ['ledger'],
    said: words.saved,
    onDone: onClose,
  });
  const isProposed = transaction.category === null && proposal !== null;
  const why = isProposed ? proposal.why : categoryWhy;
  return (
    <FormDialog title={words.categoryTitle} action={words.save} onClose={onClose} onSubmit={() => save.mutateAsync()}>
      <div className="mb-4 rounded-card border border-line bg-bg p-3">
        <div className="flex flex-wrap justify-between gap-x-3">
          <span className="font-medium">
            <ForeignLine value={counterparty.name ?? words.unnamed} />
          </span>
          <Money amountMinor={amountMinor} currency={currency} />
        </div>
        <div className="text-muted text-note">
          {formatCalendarDay(bookedOn)} {text && <ForeignText value={text} />}
        </div>
      </div>
      <TextField
        label={words.category}
        help={words.categoryHelp}
        maxLength={100}
        autoFocus
        value={category}
        onChange={(event) => setCategory(event.target.value)}
      />
      {why && (
        <p className="text-muted text-note">
          {isProposed ? words.proposalWhy : words.categoryWhy} <ForeignLine value={why} />
        </p>
      )}
    </FormDialog>
  );
}
