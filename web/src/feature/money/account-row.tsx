import { moneyText } from '#text/money.ts';
import type { LedgerAccount, MappingAsked } from '../../api/ledger.ts';
import { Button } from '../../ui/button.tsx';
import { ForeignLine } from '../../ui/foreign-text.tsx';
import { Row } from '../../ui/form/list-card.tsx';
import { formatCalendarDay } from './amount.ts';
import { Money } from './money.tsx';

const words = moneyText;

interface AccountRowProps {
  account: LedgerAccount;
  /** Says how to read the file that waits; null for those who may only look. */
  onAnswer: ((asked: MappingAsked) => void) | null;
}

/** One account: its newest balance, what is missing between its statements, and whether a file waits for an answer. */
export function AccountRow({ account, onAnswer }: AccountRowProps) {
  const { name, iban, number, currency, balance, transactions, notices, asked } = account;
  return (
    <Row
      title={<ForeignLine value={name} />}
      note={
        <>
          {(iban ?? number) && <span className="mr-2 whitespace-nowrap font-mono">{iban ?? number}</span>}
          <span className="inline-block">{words.transactions(transactions)}</span>
          {notices.map(({ code, text }) => (
            <p key={`${code} ${text}`} className="mt-1 text-warn">
              {text}
            </p>
          ))}
          {asked && (
            <p className="mt-1 text-warn">
              <ForeignLine value={words.waits(asked.name)} />
            </p>
          )}
        </>
      }
      side={
        asked &&
        onAnswer && (
          <Button size="small" aria-label={words.answerLabel(name)} onClick={() => onAnswer(asked)}>
            {words.answer}
          </Button>
        )
      }
      figure={
        balance ? (
          <span>
            <Money amountMinor={balance.amountMinor} currency={currency} />
            <span className="block text-muted text-note">{words.balanceOn(formatCalendarDay(balance.on))}</span>
          </span>
        ) : (
          <span className="text-muted text-note">{words.noBalance}</span>
        )
      }
    />
  );
}
