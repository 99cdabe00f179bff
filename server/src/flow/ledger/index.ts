/** The door to the ledger: accounts and their transactions, invoices and what pays them, categories, and what stands out. */
export {
  type Account,
  askMapping,
  changeAccount,
  findByHeader,
  ibanSchema,
  type ListedAccount,
  listAccounts,
  readAccount,
  readPending,
  takeAccount,
} from './account.ts';
export { type Assignment, assign as assignPayments, type FreePayment, type OpenInvoice } from './assign.ts';
export { shownAmount } from './continuity.ts';
export { findCreditorReferences, normaliseCreditorReference } from './creditor-reference.ts';
export { type Hint, listHints, markHintAnnounced, noticeHints, unannouncedHints } from './hint.ts';
export {
  addInvoice,
  closeInvoice,
  decideMatch,
  type Invoice,
  type InvoiceRecord,
  listInvoices,
  type Match,
  matchOpen,
  readInvoice,
  retainInvoice,
  withdrawInvoice,
} from './invoice.ts';
export { minorOf, sumMinor } from './money.ts';
export { type Recorded, recordStatement } from './record.ts';
export { tryRules } from './rule-trial.ts';
export { type Rules, readRules, saveRules } from './rules.ts';
export {
  type AccountNumber,
  type Balance,
  type CsvMapping,
  csvMappingSchema,
  type Entry,
  hintKinds,
  type InvoiceBody,
  type Notice,
  ruleSchema,
  type Statement,
  type Unreadable,
} from './schema.ts';
export { setAnnounced, type Unit } from './store.ts';
export { listTransactions, readTransaction, setCategory, type Transaction } from './transaction.ts';
export { nameLikeness } from './words.ts';
