import { useQuery } from '@tanstack/react-query';
import { moneyText } from '#text/money.ts';
import { text } from '#text/work.ts';
import { post } from '../../api/client.ts';
import type { LedgerInvoiceRecord, LedgerMatch } from '../../api/ledger.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogBody } from '../../ui/dialog.tsx';
import { ErrorBox, Notice, Skeleton } from '../../ui/feedback.tsx';
import { ForeignLine, ForeignText } from '../../ui/foreign-text.tsx';
import { Row } from '../../ui/form/list-card.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { formatCalendarDay } from './amount.ts';
import { Money } from './money.tsx';
import { invoiceQuery } from './queries.ts';
import { nameOf } from './transaction-list.tsx';

const words = moneyText;
const tones: Record<LedgerMatch['state'], Tone> = { proposed: 'warn', accepted: 'good', rejected: 'neutral' };

interface InvoiceDialogProps {
  id: string;
  title: string;
  mayWrite: boolean;
  onClose: () => void;
}

/** What pays an invoice, or might, and why; somebody who knows better says so. */
export function InvoiceDialog({ id, title, mayWrite, onClose }: InvoiceDialogProps) {
  const record = useQuery(invoiceQuery(id));
  const decide = useAct((answer: object) => post(`/ledger/invoices/${encodeURIComponent(id)}/match`, answer), {
    refresh: ['ledger'],
    said: words.changed,
    toastsErrors: true,
  });
  const isClosed = record.data?.invoice.state === 'closed';
  return (
    <Dialog
      isOpen
      wide
      onClose={onClose}
      title={title}
      footer={
        <>
          {mayWrite && record.data && record.data.invoice.state !== 'paid' && (
            <Button disabled={decide.isPending} onClick={() => decide.mutate({ closed: !isClosed })}>
              {isClosed ? words.reopen : words.close}
            </Button>
          )}
          <Button onClick={onClose}>{text.common.close}</Button>
        </>
      }
    >
      <DialogBody>
        {record.error && !record.data && <ErrorBox error={record.error} onRetry={record.refetch} />}
        {record.isPending && <Skeleton rows={3} />}
        {record.data && (
          <Matches
            record={record.data}
            isBusy={decide.isPending}
            onChoose={
              mayWrite && !isClosed
                ? (transactionIds) => decide.mutate(transactionIds.length === 0 ? { none: true } : { transactionIds })
                : null
            }
          />
        )}
      </DialogBody>
    </Dialog>
  );
}

interface MatchesProps {
  record: LedgerInvoiceRecord;
  isBusy: boolean;
  /** All transactions that pay it; null for those who may only look. */
  onChoose: ((transactionIds: string[]) => void) | null;
}

function Matches({ record: { invoice, matches }, isBusy, onChoose }: MatchesProps) {
  const chosen = matches.filter(({ state }) => state === 'accepted').map(({ transaction }) => transaction.id);
  return (
    <>
      {invoice.doubts.length > 0 && (
        <Notice tone="warn">
          <p className="font-medium">{words.doubts}</p>
          <ul>
            {invoice.doubts.map((doubt) => (
              <li key={doubt}>
                <ForeignText value={doubt} />
              </li>
            ))}
          </ul>
        </Notice>
      )}
      <h3 className="mb-2 font-semibold text-muted">{words.matches}</h3>
      {matches.length === 0 && <p className="text-muted">{words.noMatches}</p>}
      <ul className="divide-y divide-line rounded-card border border-line empty:hidden">
        {matches.map((match) => (
          <li key={match.transaction.id}>
            <MatchRow
              match={match}
              isBusy={isBusy}
              onToggle={
                onChoose &&
                (() => {
                  const { id } = match.transaction;
                  onChoose(match.state === 'accepted' ? chosen.filter((one) => one !== id) : [...chosen, id]);
                })
              }
            />
          </li>
        ))}
      </ul>
    </>
  );
}

function MatchRow({ match, isBusy, onToggle }: { match: LedgerMatch; isBusy: boolean; onToggle: (() => void) | null }) {
  const { transaction, state, reasons, amountMinor } = match;
  const name = nameOf(transaction);
  const isAccepted = state === 'accepted';
  return (
    <Row
      title={<ForeignLine value={name} />}
      marks={<Badge tone={tones[state]}>{words.matchStates[state]}</Badge>}
      note={
        <>
          {formatCalendarDay(transaction.bookedOn)}
          <ul className="mt-1">
            {reasons.map(({ code, text: why }) => (
              <li key={`${code} ${why}`}>
                <ForeignLine value={why} />
              </li>
            ))}
          </ul>
        </>
      }
      side={
        <>
          {onToggle && (
            <Button
              size="small"
              look={isAccepted ? 'quiet' : 'plain'}
              disabled={isBusy}
              aria-label={isAccepted ? words.undoLabel(name) : words.confirmLabel(name)}
              onClick={onToggle}
            >
              {isAccepted ? words.undo : words.confirm}
            </Button>
          )}
          <Money amountMinor={amountMinor} currency={transaction.currency} />
        </>
      }
    />
  );
}
