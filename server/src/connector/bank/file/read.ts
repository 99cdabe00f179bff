import type { Statement } from '#flow/ledger';
import { readCamt } from './camt.ts';
import { decodeFile } from './decode.ts';
import { readMt940 } from './mt940.ts';
import { readOfx } from './ofx.ts';
import { readPlaid } from './plaid.ts';
import { bankFileFormat } from './recognise.ts';
import { unreadable } from './unreadable.ts';

/** What a file is made of: statements, or the text of a table whose columns somebody may have to explain. */
export type BankFile =
  | { readonly kind: 'statements'; readonly statements: readonly Statement[] }
  | { readonly kind: 'table'; readonly text: string };

/**
 * Reads a bank file of any kind.
 *
 * @throws FactotumError `ledger.unreadable`, naming line and fix, when it is none or nothing in it can be read.
 */
export function readBankFile(bytes: Uint8Array, name: string): BankFile {
  const text = decodeFile(bytes);
  const statements = (list: Statement[]): BankFile => ({ kind: 'statements', statements: list });
  switch (bankFileFormat(bytes, name)) {
    case 'camt':
      return statements(readCamt(text));
    case 'ofx':
      return statements(readOfx(text));
    case 'mt940':
      return statements(readMt940(text));
    case 'plaid':
      return statements(readPlaid(text));
    case 'csv':
      return { kind: 'table', text };
    case null:
      if (/\.(?:csv|tsv)$/i.test(name)) return { kind: 'table', text };
      throw unreadable(
        1,
        'This is no bank file that is known here.',
        'Export camt.053, MT940, OFX, QFX or CSV from your bank, or transactions from Plaid.',
      );
  }
}
