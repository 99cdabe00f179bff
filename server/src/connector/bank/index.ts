/** The door to bank files and payments. */
export { isBankFile } from './file/recognise.ts';
export { type BankImport, createBankImport } from './import.ts';
export { createInvoiceImport, type InvoiceImport } from './invoice/import.ts';
export { bankTools } from './tools.ts';
