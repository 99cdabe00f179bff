import { readTextTables, type TextTable, type Tx } from '#kernel/database';

/** Tables of tenants' data whose rows do not travel as they are, and why. All others do, also those that somebody adds. */
export const leftOut: Readonly<Record<string, string>> = {
  tenant_key: 'the seeds themselves are in the archive; who takes them in wraps them with a key of their own',
  kek_provider: 'its credential is sealed by the key of this installation; where the tenant goes, its keys are wrapped anew',
  key_revocation: 'told to the processes of this installation',
  audit_entry: 'in audit/log.jsonl, from which the rows are made again and checked',
  audit_head: 'in audit/head.json, checked against the entries',
  audit_tile: 'follows from the entries',
  audit_pending: 'numbered before a move is released, and then in the log',
  job: 'work of this installation; what it works on is in the archive',
  destruction_certificate: 'signed by this installation, about what it destroyed',
  quota_limit: 'what a tenant may use is for whoever runs an installation to say',
  tenant_move: 'says what this side knows of the move',
  push_subscription: 'browsers know the key and the address of this installation: they are added again where the tenant goes',
  figure_state: 'figures follow from tasks and the log, and are counted anew where the tenant goes',
  figure_task: 'figures follow from tasks and the log',
  figure_day: 'figures follow from tasks and the log',
  figure_month: 'figures follow from tasks and the log',
  archive_piece: 'archives themselves',
  queue_sample: 'what waited here within the last hour',
};

/** The tables whose rows are in a whole archive, each after those that it points at. */
export async function travellingTables(tx: Tx): Promise<TextTable[]> {
  const tables = await readTextTables(tx, 'app', 'tenant_id');
  return tables.filter(({ name }) => !Object.hasOwn(leftOut, name));
}
