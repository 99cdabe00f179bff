import { XMLBuilder } from 'fast-xml-parser';
import { currencyExponent } from '#trust/policy';

export interface Account {
  readonly name: string;
  /** In electronic form. */
  readonly iban: string;
  readonly bic?: string | undefined;
}

/** One credit transfer of an order. */
export interface Transfer {
  readonly endToEndId: string;
  readonly creditor: Account;
  readonly amountMinor: number;
  readonly reference: string;
  /** ISO 11649, in electronic form: it goes instead of the text, since a bank takes one or the other. */
  readonly creditorReference?: string | undefined;
}

export interface PaymentOrder {
  /** At most 35 characters, the same for the same order: banks refuse a second file with it. */
  readonly messageId: string;
  readonly createdAt: Date;
  readonly executeOn: string;
  readonly debtor: Account;
  readonly currency: string;
  /** One, or several that the bank books as it likes. */
  readonly transfers: readonly [Transfer, ...Transfer[]];
}

/**
 * Credit transfers of one currency and day as an ISO 20022 customer credit transfer initiation, pain.001.001.09.
 * Element order and lengths follow the message definition (ISO 20022, Payments Initiation, 2019 release): text 140, names 140, ids 35.
 */
export function paymentInitiation(order: PaymentOrder): string {
  const digits = currencyExponent(order.currency);
  const count = String(order.transfers.length);
  const sum = order.transfers.reduce((total, { amountMinor }) => total + BigInt(amountMinor), 0n);
  const document = {
    '?xml': { '@version': '1.0', '@encoding': 'UTF-8' },
    Document: {
      '@xmlns': 'urn:iso:std:iso:20022:tech:xsd:pain.001.001.09',
      CstmrCdtTrfInitn: {
        GrpHdr: {
          MsgId: order.messageId,
          CreDtTm: order.createdAt.toISOString().slice(0, 19),
          NbOfTxs: count,
          CtrlSum: decimal(sum, digits),
          InitgPty: { Nm: text(order.debtor.name, 140) },
        },
        PmtInf: {
          PmtInfId: order.messageId,
          PmtMtd: 'TRF',
          // One line for each on the statement, so that each is found again.
          ...(order.transfers.length === 1 ? {} : { BtchBookg: 'false' }),
          NbOfTxs: count,
          CtrlSum: decimal(sum, digits),
          PmtTpInf: { SvcLvl: { Cd: order.currency === 'EUR' ? 'SEPA' : 'NURG' } },
          ReqdExctnDt: { Dt: order.executeOn },
          Dbtr: { Nm: text(order.debtor.name, 140) },
          DbtrAcct: { Id: { IBAN: order.debtor.iban } },
          DbtrAgt: { FinInstnId: agent(order.debtor.bic) },
          ChrgBr: 'SLEV',
          CdtTrfTxInf: order.transfers.map((transfer) => transferElement(transfer, order.currency, digits)),
        },
      },
    },
  };
  return new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: '@', format: true, suppressEmptyNode: true }).build(document);
}

const transferElement = (
  { endToEndId, creditor, amountMinor, reference, creditorReference }: Transfer,
  currency: string,
  digits: number,
) => ({
  PmtId: { EndToEndId: endToEndId },
  Amt: { InstdAmt: { '@Ccy': currency, '#text': decimal(BigInt(amountMinor), digits) } },
  ...(creditor.bic === undefined ? {} : { CdtrAgt: { FinInstnId: agent(creditor.bic) } }),
  Cdtr: { Nm: text(creditor.name, 140) },
  CdtrAcct: { Id: { IBAN: creditor.iban } },
  RmtInf:
    creditorReference === undefined
      ? { Ustrd: text(reference, 140) }
      : { Strd: { CdtrRefInf: { Tp: { CdOrPrtry: { Cd: 'SCOR' } }, Ref: creditorReference } } },
});

/** ISO 9362 as the message definition has it. */
export const bicPattern = /^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$/;

const agent = (bic: string | undefined) => (bic === undefined ? { Othr: { Id: 'NOTPROVIDED' } } : { BICFI: bic });

function decimal(amountMinor: bigint, digits: number): string {
  const all = String(amountMinor).padStart(digits + 1, '0');
  return digits === 0 ? all : `${all.slice(0, -digits)}.${all.slice(-digits)}`;
}

/** Controls and noncharacters are not XML; whatever else is in a name or reference is the bank's to judge. */
function text(value: string, charsMax: number): string {
  return [
    ...value
      .toWellFormed()
      .replace(/[\p{Cc}\p{Cf}\p{Noncharacter_Code_Point}]/gu, ' ')
      .trim(),
  ]
    .slice(0, charsMax)
    .join('');
}
