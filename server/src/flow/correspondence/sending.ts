import type { Id } from '#kernel';
import { type Database, withTenant } from '#kernel/database';
import type { KeysOf, TenantKeys } from '#trust/key';
import { messageMac, threadIdOf } from './place.ts';
import { type Received, type Sending, type SendingBody, sendingSchema } from './schema.ts';
import { countSent, endSending, findMessages, insertSending, resumeSending, selectOfTask, selectReceived, selectSending } from './store.ts';

/** A call that sends or drafts, as its tool knows it. */
export interface Operation {
  readonly tenantId: Id<'tenant'>;
  readonly taskId: Id<'task'>;
  readonly key: string;
  readonly now: Date;
}

/** What goes out, before it does. */
export interface Outgoing {
  readonly body: SendingBody;
  /** The id of the mail that is answered. */
  readonly inReplyTo: string | undefined;
}

/** Why something is not sent. */
export type Hindrance = { readonly kind: 'automatic'; readonly reason: string } | { readonly kind: 'loop' };

/** What we send, and what we know of what came, for tools that send. */
export interface Correspondence {
  /** The same for every attempt of one call, and nobody else can know it before it is sent. */
  messageIdOf(operation: Operation, from: string): Promise<string>;
  find(operation: Operation): Promise<Sending | null>;
  /**
   * Takes the sole right to send. Committed before anything is sent. What failed for certain may be tried again, by one.
   * @returns null when another attempt has it or had it.
   */
  begin(operation: Operation, outgoing: Outgoing): Promise<'mine' | null>;
  settle(operation: Operation, body: SendingBody, state: 'sent' | 'failed'): Promise<void>;
  /** The mail that came in with this id. */
  received(tenantId: Id<'tenant'>, messageId: string): Promise<Received | null>;
  /** What stands against sending this at all, whoever has allowed it: lists and programs are not answered, and nothing goes round in circles. */
  hindrance(operation: Operation, outgoing: Outgoing, repliesPerHourMax: number): Promise<Hindrance | null>;
}

const hourMs = 3_600_000;
/** No call lasts that long. Whoever calls again after it, although nobody knows what became of it, has asked a person. */
const givenUpMs = 10 * 60_000;

export function createCorrespondence({ database, keysOf }: { database: Pick<Database, 'app'>; keysOf: KeysOf }): Correspondence {
  const { db } = database.app;
  const operationMac = (keys: TenantKeys, { key }: Operation) => keys.mac('mail.operation', key);
  const peerMacs = (keys: TenantKeys, addresses: readonly string[]) => addresses.map((address) => peerMac(keys, address));

  return {
    async messageIdOf(operation, from) {
      const keys = await keysOf(operation.tenantId);
      const token = keys.mac('mail.message_id', operation.key).toString('hex').slice(0, 40);
      return `<${token}@${from.slice(from.lastIndexOf('@') + 1)}>`;
    },
    async find(operation) {
      const keys = await keysOf(operation.tenantId);
      const row = await withTenant(db, operation.tenantId, (tx) => selectSending(tx, operation.tenantId, operationMac(keys, operation)));
      return row === null
        ? null
        : { state: row.state, threadId: row.threadId, body: keys.openJson(sealedAs(row.messageMac), row.body, sendingSchema) };
    },
    async begin(operation, { body, inReplyTo }) {
      const { tenantId, taskId, now } = operation;
      const keys = await keysOf(tenantId);
      const mac = messageMac(keys, body.messageId);
      const sealed = keys.sealJson(sealedAs(mac), body);
      const at = operationMac(keys, operation);
      const isMine = await withTenant(db, tenantId, async (tx) => {
        const [answered] = inReplyTo === undefined ? [] : await findMessages(tx, tenantId, [messageMac(keys, inReplyTo)]);
        const threadId = answered?.threadId ?? threadIdOf(keys, inReplyTo ?? body.messageId);
        const row = {
          tenantId,
          messageMac: mac,
          operationMac: at,
          threadId,
          taskId,
          peerMacs: peerMacs(keys, body.to),
          body: sealed,
          at: now,
        };
        const givenUpBefore = new Date(now.getTime() - givenUpMs);
        return (await insertSending(tx, row)) || (await resumeSending(tx, tenantId, at, { at: now, givenUpBefore, body: sealed }));
      });
      return isMine ? 'mine' : null;
    },
    async settle(operation, body, state) {
      const keys = await keysOf(operation.tenantId);
      const sealed = keys.sealJson(sealedAs(messageMac(keys, body.messageId)), body);
      await withTenant(db, operation.tenantId, (tx) =>
        endSending(tx, operation.tenantId, operationMac(keys, operation), { to: state, body: sealed }),
      );
    },
    async received(tenantId, messageId) {
      const keys = await keysOf(tenantId);
      return withTenant(db, tenantId, (tx) => selectReceived(tx, tenantId, messageMac(keys, messageId)));
    },
    async hindrance({ tenantId, taskId, now }, { body, inReplyTo }, repliesPerHourMax) {
      const keys = await keysOf(tenantId);
      const to = peerMacs(keys, body.to);
      return withTenant(db, tenantId, async (tx) => {
        const answered = inReplyTo === undefined ? null : await selectReceived(tx, tenantId, messageMac(keys, inReplyTo));
        if (answered?.automatic != null) return { kind: 'automatic', reason: answered.automatic };
        const own = await selectOfTask(tx, tenantId, taskId);
        // A task that such a mail began may write to others, and not back, whatever it says it answers.
        const begun = own.find(
          ({ automatic, peerMacs: peers }) => automatic !== null && peers.some((mac) => to.some((one) => one.equals(mac))),
        );
        if (begun !== undefined) return { kind: 'automatic', reason: begun.automatic ?? 'program' };
        const threadId = answered?.threadId ?? own[0]?.threadId;
        // Whoever writes first does not go round in circles.
        if (threadId === undefined) return null;
        const { inThread, toPeers } = await countSent(tx, tenantId, { threadId, peerMacs: to, since: new Date(now.getTime() - hourMs) });
        return inThread >= repliesPerHourMax || toPeers >= repliesPerHourMax ? { kind: 'loop' } : null;
      });
    },
  };
}

/** Finds mail by an address on its other side. */
export const peerMac = (keys: TenantKeys, address: string): Buffer => keys.mac('mail.peer', address.trim().toLowerCase());

const sealedAs = (mac: Buffer) => ({ kind: 'mail.message', id: mac.toString('hex') });
