import { getRouteApi } from '@tanstack/react-router';
import { ReceiptText } from 'lucide-react';
import { useState } from 'react';
import { moneyText } from '#text/money.ts';
import type { LedgerAccount, LedgerTransaction } from '../../api/ledger.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Empty } from '../../ui/feedback.tsx';
import { ForeignLine } from '../../ui/foreign-text.tsx';
import { ListCard, Row } from '../../ui/form/list-card.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';
import { formatCalendarDay } from './amount.ts';
import { CategoryDialog } from './category-dialog.tsx';
import { Money } from './money.tsx';
import { transactionsQuery } from './queries.ts';

const words = moneyText;
const route = getRouteApi('/money');

interface TransactionListProps {
  accounts: readonly LedgerAccount[];
  mayWrite: boolean;
}

/** What was booked, the newest first, of all accounts or the one in the address. */
export function TransactionList({ accounts, mayWrite }: TransactionListProps) {
  const { account } = route.useSearch();
  const navigate = route.useNavigate();
  const [changed, setChanged] = useState<LedgerTransaction | null>(null);
  return (
    <>
      {accounts.length > 1 && (
        <div className="mb-4 sm:max-w-72">
          <SelectField
            label={words.account}
            value={account ?? ''}
            choices={[{ value: '', label: words.allAccounts }, ...accounts.map(({ id, name }) => ({ value: id, label: name }))]}
            onChange={({ target }) =>
              void navigate({ search: target.value ? { account: target.value } : {}, replace: true, resetScroll: false })
            }
          />
        </div>
      )}
      <ListCard
        query={transactionsQuery(account)}
        keyOf={({ id }) => id}
        rows={8}
        empty={
          <Empty icon={<ReceiptText size={18} aria-hidden="true" />} title={words.noTransactions}>
            {words.noTransactionsText}
          </Empty>
        }
      >
        {(transaction) => <TransactionRow transaction={transaction} onCategory={mayWrite ? () => setChanged(transaction) : null} />}
      </ListCard>
      {changed && <CategoryDialog transaction={changed} onClose={() => setChanged(null)} />}
    </>
  );
}

/** Whom a transaction was with, or what it says of itself. */
export const nameOf = ({ counterparty, text }: LedgerTransaction): string => counterparty.name || text || words.unnamed;

function TransactionRow({ transaction, onCategory }: { transaction: LedgerTransaction; onCategory: (() => void) | null }) {
  const { bookedOn, amountMinor, currency, counterparty, text, category, proposal, isReversal, replaced } = transaction;
  const name = nameOf(transaction);
  const isProposed = category === null && proposal !== null;
  const shown = category ?? (proposal ? words.proposed(proposal.category) : words.noCategory);
  return (
    <Row
      title={<ForeignLine value={name} />}
      marks={
        <>
          {isReversal && <Badge>{words.reversal}</Badge>}
          {replaced && <Badge>{words.replaced}</Badge>}
        </>
      }
      note={
        <>
          {formatCalendarDay(bookedOn)}
          {counterparty.name && text && (
            <>
              {' '}
              · <ForeignLine value={text} />
            </>
          )}
        </>
      }
      side={
        onCategory && !replaced ? (
          <Button
            size="small"
            look={isProposed ? 'plain' : 'quiet'}
            aria-label={`${words.categoryLabel(name)}: ${shown}`}
            onClick={onCategory}
            // Where it stands below the name, its word stands under it; else the words of all rows end in one line.
            className={isProposed ? '' : 'max-sm:-mb-2 sm:-mr-2.5 touch:max-sm:-ml-4 touch:sm:-mr-4'}
          >
            {shown}
          </Button>
        ) : (
          <span className="text-muted text-note">{shown}</span>
        )
      }
      figure={<Money amountMinor={amountMinor} currency={currency} isVoid={replaced} />}
    />
  );
}
