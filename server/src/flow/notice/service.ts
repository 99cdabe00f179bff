import type { OutsideNetwork } from '#flow/connection';
import type { Clock, Id, Logger } from '#kernel';
import type { Database } from '#kernel/database';
import type { Postman } from '#kernel/mail';
import type { Sequencer } from '#trust/audit';
import { principalOfSession, reachableMembers } from '#trust/identity';
import type { KeysOf, TenantKeys } from '#trust/key';
import { collect } from './collect.ts';
import { createNoticeKeeper, type NoticeKeeper } from './keeper.ts';
import { trialMessage } from './letter.ts';
import { createPushKey, type PushKeySeal } from './push/push-key.ts';
import { type PushOutcome, sendPush } from './push/send.ts';
import type { SubscriptionRow } from './store.ts';
import { targetOf } from './subscriptions.ts';

export interface NoticesOptions {
  readonly database: Database;
  readonly keysOf: KeysOf;
  readonly pushKeySeal: PushKeySeal;
  readonly network: Pick<OutsideNetwork, 'fetch'>;
  readonly postman: Pick<Postman, 'isConfigured' | 'send'>;
  readonly sequencer: Pick<Sequencer, 'onEntries'>;
  readonly listTenants: () => Promise<readonly { readonly id: Id<'tenant'> }[]>;
  /** Where people open us. */
  readonly origin: () => string;
  /** The address that the installation's own mail comes from, if it sends any. */
  readonly mailFrom: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Telling people what needs them, as far as it is the installation's and not one request's. */
export interface Notices {
  /** Makes notices of what a tenant's log has gained: whoever looks sees all there is. */
  collect(tenantId: Id<'tenant'>): Promise<void>;
  /** What a browser subscribes with. */
  publicKey(): Promise<string>;
  /** Whether digests can be mailed at all. */
  readonly canMail: boolean;
  /** Sends one browser a message that means nothing. */
  tryOut(keys: TenantKeys, row: SubscriptionRow): Promise<PushOutcome>;
  createKeeper(pollMs?: number): NoticeKeeper;
}

export function createNotices(options: NoticesOptions): Notices {
  const { database, pushKeySeal, clock, origin, mailFrom } = options;
  // Some services take a push only from somebody they could write to (RFC 8292, 2.1).
  const contact = () => (origin().startsWith('https:') ? origin() : `mailto:${addressIn(mailFrom)}`);
  const pushKey = createPushKey({ auth: database.auth, sealed: pushKeySeal, clock, contact });
  const deps = {
    ...options,
    pushKey,
    membersOf: (tenantId: Id<'tenant'>, only?: readonly string[]) => reachableMembers(database.auth, tenantId, only),
    principalOf: (sessionId: Id<'session'>) => principalOfSession({ auth: database.auth, clock }, sessionId),
  };
  return {
    collect: (tenantId) => collect(deps, tenantId),
    publicKey: () => pushKey.publicKey(),
    canMail: options.postman.isConfigured,
    tryOut: (keys, row) => sendPush(deps, targetOf(keys, row), trialMessage, { isUrgent: true, signal: new AbortController().signal }),
    createKeeper: (pollMs) => createNoticeKeeper({ ...deps, ...(pollMs === undefined ? {} : { pollMs }) }),
  };
}

/** Of `Name <address>` the address. */
const addressIn = (from = 'factotum@localhost'): string => /<([^<>]+)>/.exec(from)?.[1] ?? from;
