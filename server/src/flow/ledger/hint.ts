import { recordAudit } from '#trust/audit';
import { findHints, type Noticed } from './notice.ts';
import { type HintBody, hintBodySchema } from './schema.ts';
import { type HintRow, insertHint, listHintRows, listInvoiceRows, listRecent, setHintAnnounced, type Unit } from './store.ts';
import { openTransaction } from './transaction.ts';

export interface Hint extends HintBody {
  /** Names it, in lower-case hex. */
  readonly id: string;
  readonly kind: HintRow['kind'];
  readonly createdAt: Date;
}

/** What is looked at: three years, so that what is paid once a year is seen. */
const lookBackDays = 1_100;
const transactionsMax = 20_000;

const openHint = ({ keys }: Unit, { keyMac, kind, createdAt, body }: HintRow): Hint => ({
  id: keyMac.toString('hex'),
  kind,
  createdAt,
  ...keys.openJson({ kind: 'ledger.hint', id: keyMac.toString('hex') }, body, hintBodySchema),
});

/** Newest first. */
export const listHints = async (unit: Unit, limit: number): Promise<Hint[]> =>
  (await listHintRows(unit, { limit })).map((row) => openHint(unit, row));

/** Those that nobody has been told of. */
export const unannouncedHints = async (unit: Unit): Promise<Hint[]> =>
  (await listHintRows(unit, { announced: false, limit: 100 })).map((row) => openHint(unit, row));

export const markHintAnnounced = (unit: Unit, id: string) => setHintAnnounced(unit, Buffer.from(id, 'hex'));

/**
 * Looks through what came in for what a person should know, and keeps what is new: each thing once.
 *
 * @returns how many are new
 */
export async function noticeHints(unit: Unit, at: Date): Promise<number> {
  const { keys } = unit;
  const since = new Date(at.getTime() - lookBackDays * 86_400_000).toISOString().slice(0, 10);
  const transactions = (await listRecent(unit, since, transactionsMax)).map((row) => openTransaction(keys, row)).reverse();
  const invoices = await listInvoiceRows(unit, { states: ['open', 'partly', 'paid', 'closed'], limit: 1 });
  const found = findHints(transactions, { today: at.toISOString().slice(0, 10), knowsInvoices: invoices.length > 0 });
  let added = 0;
  for (const hint of found) if (await keep(unit, hint, at)) added += 1;
  if (added > 0)
    await recordAudit(unit.tx, keys.tenantId, [
      { kind: 'ledger.changed', actor: 'system:ledger', at, objectId: keys.tenantId, detail: { change: 'hints', added } },
    ]);
  return added;
}

const keep = (unit: Unit, { key, kind, ...body }: Noticed, at: Date): Promise<boolean> => {
  const keyMac = unit.keys.mac('ledger.hint', kind, ...key);
  return insertHint(unit, {
    keyMac,
    kind,
    body: unit.keys.sealJson({ kind: 'ledger.hint', id: keyMac.toString('hex') }, hintBodySchema.parse(body)),
    at,
  });
};
