import { randomFillSync } from 'node:crypto';
import { z } from 'zod';

/** Every kind of object that has an id, with the prefix that makes a log line readable and a mix-up visible. */
const prefixes = {
  tenant: 'ten',
  user: 'usr',
  event: 'evt',
  task: 'tsk',
  approval: 'apr',
  note: 'not',
  grant: 'grt',
  apiKey: 'key',
  session: 'ses',
  worker: 'wrk',
  request: 'req',
  invitation: 'inv',
  role: 'rol',
  team: 'tem',
  serviceAccount: 'svc',
  passkey: 'pky',
  ssoProvider: 'sso',
  ssoTest: 'sst',
  scimToken: 'sct',
  registration: 'reg',
  job: 'job',
  secret: 'sec',
  blob: 'blb',
  file: 'fil',
  backup: 'bak',
  connection: 'con',
  webhook: 'whk',
  delivery: 'dlv',
  schedule: 'sch',
  deviceToken: 'dev',
  toolServer: 'tsv',
  account: 'acc',
  transaction: 'trx',
  statement: 'stm',
  invoice: 'ivc',
  agendaItem: 'agi',
  thread: 'thr',
  agendaCalendar: 'agc',
  agendaWrite: 'agw',
  comment: 'cmt',
  change: 'chg',
  view: 'viw',
  notice: 'ntc',
  pushSubscription: 'psh',
  process: 'prc',
} as const;

export type IdKind = keyof typeof prefixes;

/** An id of one kind: prefix, underscore, 24 lower-case hex digits. Ids of one kind sort by the time they were made. */
export type Id<K extends IdKind> = string & z.$brand<K>;

/**
 * Makes a new id: 44 bits of epoch milliseconds (good until the year 2527), then 52 random bits.
 * Two ids of the same millisecond collide with probability 2^-52.
 */
export function newId<K extends IdKind>(kind: K, nowMs: number = Date.now()): Id<K> {
  const time = nowMs.toString(16).padStart(11, '0');
  const random = freshBytes().slice(0, 13);
  // The text has just been built in the id's own format.
  return `${prefixes[kind]}_${time}${random}` as Id<K>;
}

const idBytes = 7;
const pool = Buffer.alloc(256 * idBytes);
let used = pool.length;

/** Seven random bytes in hex that nobody has had before. Asking for them one by one costs more than all else of an id; ids are no secrets, so 256 are drawn at once. */
function freshBytes(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += idBytes;
  return pool.toString('hex', used - idBytes, used);
}

/** The zod schema of an id of one kind; parsing brands the string. */
export const idSchema = <K extends IdKind>(kind: K) =>
  z.string().regex(idPattern(kind), `must be an id like ${prefixes[kind]}_ and 24 hex digits`).brand<K>();

/** Whether the text has the form of an id of that kind. */
export const isId = <K extends IdKind>(kind: K, text: string): text is Id<K> => idPattern(kind).test(text);

const patterns = new Map<IdKind, RegExp>();

function idPattern(kind: IdKind): RegExp {
  const known = patterns.get(kind);
  if (known !== undefined) return known;
  const made = new RegExp(`^${prefixes[kind]}_[0-9a-f]{24}$`);
  patterns.set(kind, made);
  return made;
}
