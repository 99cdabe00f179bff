import { FileText } from 'lucide-react';
import { useState } from 'react';
import { moneyText } from '#text/money.ts';
import type { LedgerInvoice } from '../../api/ledger.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Empty } from '../../ui/feedback.tsx';
import { ForeignLine } from '../../ui/foreign-text.tsx';
import { ListCard, Row } from '../../ui/form/list-card.tsx';
import { formatCalendarDay, formatMoney } from './amount.ts';
import { InvoiceDialog } from './invoice-dialog.tsx';
import { Money } from './money.tsx';
import { invoicesQuery } from './queries.ts';

const words = moneyText;
const tones: Record<LedgerInvoice['state'], Tone> = { open: 'warn', partly: 'warn', paid: 'good', closed: 'neutral' };

/** Invoices, the newest first, and how much of each is open. */
export function InvoiceList({ mayWrite }: { mayWrite: boolean }) {
  const [shown, setShown] = useState<LedgerInvoice | null>(null);
  return (
    <>
      <ListCard
        query={invoicesQuery}
        keyOf={({ id }) => id}
        empty={
          <Empty icon={<FileText size={18} aria-hidden="true" />} title={words.noInvoices}>
            {words.noInvoicesText}
          </Empty>
        }
      >
        {(invoice) => <InvoiceRow invoice={invoice} onShow={() => setShown(invoice)} />}
      </ListCard>
      {shown && <InvoiceDialog id={shown.id} title={titleOf(shown)} mayWrite={mayWrite} onClose={() => setShown(null)} />}
    </>
  );
}

const titleOf = ({ issuer, number, document }: LedgerInvoice): string => [issuer, number].filter(Boolean).join(' · ') || document;

function InvoiceRow({ invoice, onShow }: { invoice: LedgerInvoice; onShow: () => void }) {
  const { state, direction, dueOn, amountMinor, openMinor, currency } = invoice;
  const title = titleOf(invoice);
  const facts = [
    words[direction],
    dueOn && words.due(formatCalendarDay(dueOn)),
    state === 'partly' && openMinor !== null && currency && words.stillOpen(formatMoney(openMinor, currency)),
  ].filter(Boolean);
  return (
    <Row
      title={<ForeignLine value={title} />}
      marks={<Badge tone={tones[state]}>{words.states[state]}</Badge>}
      note={facts.join(' · ')}
      side={
        <Button size="small" aria-label={words.showLabel(title)} onClick={onShow}>
          {words.show}
        </Button>
      }
      figure={amountMinor !== null && currency && <Money amountMinor={amountMinor} currency={currency} />}
    />
  );
}
