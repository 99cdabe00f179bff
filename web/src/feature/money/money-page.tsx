import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Landmark, Upload } from 'lucide-react';
import { useState } from 'react';
import { moneyText } from '#text/money.ts';
import type { MappingAsked } from '../../api/ledger.ts';
import { Button } from '../../ui/button.tsx';
import { Empty, ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { Page, Section } from '../../ui/page.tsx';
import { TabStrip, tabClass, wideStrip } from '../../ui/tab-strip.tsx';
import { Help } from '../help/help.tsx';
import { useSignedIn } from '../session/session.ts';
import { AccountRow } from './account-row.tsx';
import { HintList } from './hint-list.tsx';
import { ImportDialog } from './import-dialog.tsx';
import { InvoiceList } from './invoice-list.tsx';
import { MappingDialog } from './mapping-dialog.tsx';
import { accountsQuery } from './queries.ts';
import { RuleList } from './rule-list.tsx';
import { TransactionList } from './transaction-list.tsx';
import { moneyViews } from './views.ts';

const words = moneyText;
const route = getRouteApi('/money');

type Open = { is: 'import' } | { is: 'mapping'; account: string; asked: MappingAsked };

/** Bank accounts, what was booked on them, and the invoices that this pays. */
export default function MoneyPage() {
  const { view = 'transactions' } = route.useSearch();
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  const mayWrite = useSignedIn().permissions.includes('ledger:write');
  const accounts = useQuery(accountsQuery);
  const items = accounts.data?.items ?? [];
  return (
    <Page
      title={words.title}
      help={<Help topic="money" />}
      side={
        mayWrite && (
          <Button look="primary" onClick={() => setOpen({ is: 'import' })}>
            <Upload size={14} aria-hidden="true" />
            {words.import}
          </Button>
        )
      }
    >
      {accounts.error && !accounts.data && <ErrorBox error={accounts.error} onRetry={accounts.refetch} />}
      <Section title={words.accounts}>
        {accounts.isPending && <Skeleton rows={2} />}
        {accounts.data && items.length === 0 && (
          <Empty icon={<Landmark size={18} aria-hidden="true" />} title={words.none}>
            {words.noneText}
          </Empty>
        )}
        <ul className="divide-y divide-line">
          {items.map((account) => (
            <li key={account.id}>
              <AccountRow
                account={account}
                onAnswer={mayWrite ? (asked) => setOpen({ is: 'mapping', account: account.id, asked }) : null}
              />
            </li>
          ))}
        </ul>
      </Section>
      <TabStrip label={words.viewsLabel} current={view} className={wideStrip}>
        {moneyViews.map((one) => (
          <li key={one}>
            <Link
              to="/money"
              search={one === 'transactions' ? {} : { view: one }}
              resetScroll={false}
              // Without it, the view that is shown first would be marked in every other one as well.
              activeOptions={{ exact: true }}
              aria-current={one === view ? 'page' : undefined}
              className={tabClass}
            >
              {words.views[one]}
            </Link>
          </li>
        ))}
      </TabStrip>
      {view === 'transactions' && <TransactionList accounts={items} mayWrite={mayWrite} />}
      {view === 'invoices' && <InvoiceList mayWrite={mayWrite} />}
      {view === 'hints' && <HintList />}
      {view === 'rules' && <RuleList mayWrite={mayWrite} />}
      {open?.is === 'import' && (
        <ImportDialog onClose={close} onAsked={({ account, ...asked }) => setOpen({ is: 'mapping', account, asked })} />
      )}
      {open?.is === 'mapping' && <MappingDialog account={open.account} asked={open.asked} onClose={close} />}
    </Page>
  );
}
