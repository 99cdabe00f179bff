import { queryOptions } from '@tanstack/react-query';
import { get } from '../../api/client.ts';
import type { LedgerAccount, LedgerHint, LedgerInvoice, LedgerInvoiceRecord, LedgerTransaction } from '../../api/ledger.ts';
import { listQuery } from '../../api/list.ts';
import type { Page } from '../../api/types.ts';

export const accountsQuery = queryOptions({
  queryKey: ['ledger', 'accounts'],
  queryFn: ({ signal }) => get<Page<LedgerAccount>>('/ledger/accounts', { signal }),
});

export const transactionsQuery = (account: string | undefined) =>
  listQuery<LedgerTransaction>('ledger', '/ledger/transactions', { account });

export const invoicesQuery = listQuery<LedgerInvoice>('ledger', '/ledger/invoices');

export const invoiceQuery = (id: string) =>
  queryOptions({
    queryKey: ['ledger', 'invoice', id],
    queryFn: ({ signal }) => get<LedgerInvoiceRecord>(`/ledger/invoices/${encodeURIComponent(id)}`, { signal }),
  });

export const hintsQuery = listQuery<LedgerHint>('ledger', '/ledger/hints');
