/** The door to bank files and payments. */
export { isBankFile } from './file/recognise.ts';
export { type BankImport, createBankImport, type FileDoor, type Imported } from './import.ts';
export { bankTools } from './tools.ts';
