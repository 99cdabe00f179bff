import type { OutsideNetwork } from '#flow/connection';
import type { Clock, Id, Logger, Poller } from '#kernel';
import type { Database } from '#kernel/database';
import type { Postman } from '#kernel/mail';
import type { Language } from '#kernel/words';
import type { Sequencer } from '#trust/audit';
import { principalOfSession, reachableMembers } from '#trust/identity';
import type { KeysOf, TenantKeys } from '#trust/key';
import { collect } from './collect.ts';
import { createNoticeKeeper } from './keeper.ts';
import { trialMessage } from './letter.ts';
import { createPushKey, type PushKeySeal } from './push/push-key.ts';
import { type PushOutcome, sendPush } from './push/send.ts';
import type { SubscriptionRow } from './store.ts';
import type { OnBroken } from './subject.ts';
import { targetOf } from './subscriptions.ts';
import type { TurnDeps } from './turn.ts';

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

/** Counted, for figures and alarms. */
export interface NoticeFaults {
  /** What could not be opened, so that nobody was told of it. */
  readonly broken: number;
  /** Letters that the mail server has not taken; they are tried again. */
  readonly mails: number;
}

/** Telling people what needs them, as far as it is the installation's and not one request's. */
export interface Notices {
  /** Makes notices of what a tenant's log has gained: whoever looks sees all there is. */
  collect(tenantId: Id<'tenant'>): Promise<void>;
  /** What a browser subscribes with. */
  publicKey(): Promise<string>;
  /** Whether digests can be mailed at all. */
  readonly canMail: boolean;
  /** What has gone wrong in this process since it was made. */
  faults(): NoticeFaults;
  /** Sends one browser a message that means nothing. */
  tryOut(keys: TenantKeys, row: SubscriptionRow, language: Language): Promise<PushOutcome>;
  createKeeper(pollMs?: number): Poller;
}

export function createNotices(options: NoticesOptions): Notices {
  const { database, pushKeySeal, clock, origin, mailFrom, log } = options;
  // Some services take a push only from somebody they could write to (RFC 8292, 2.1).
  const contact = () => (origin().startsWith('https:') ? origin() : `mailto:${addressIn(mailFrom)}`);
  const pushKey = createPushKey({ auth: database.auth, sealed: pushKeySeal, clock, contact });
  const faults = { broken: 0, mails: 0 };
  const deps = {
    ...options,
    onBroken: ({ error, ...about }: Parameters<OnBroken>[0]) => {
      faults.broken += 1;
      log.error({ err: error, ...about }, 'notices: something cannot be opened, so nobody is told of it; the others go on');
    },
    onMailFault: ({ error, tenantId }: Parameters<TurnDeps['onMailFault']>[0]) => {
      faults.mails += 1;
      log.warn({ err: error, tenantId }, 'notices: the mail server has not taken a letter; it is kept and tried again');
    },
    pushKey,
    membersOf: (tenantId: Id<'tenant'>, only?: readonly string[]) => reachableMembers(database.auth, tenantId, only),
    principalOf: (sessionId: Id<'session'>) => principalOfSession({ auth: database.auth, clock }, sessionId),
  };
  return {
    collect: (tenantId) => collect(deps, tenantId),
    publicKey: () => pushKey.publicKey(),
    canMail: options.postman.isConfigured,
    faults: () => ({ ...faults }),
    tryOut: async (keys, row, language) => {
      const target = targetOf(keys, row);
      if (target === null) return { kind: 'gone' };
      return sendPush(deps, target, trialMessage(language), { isUrgent: true, signal: new AbortController().signal });
    },
    createKeeper: (pollMs) => createNoticeKeeper({ ...deps, ...(pollMs === undefined ? {} : { pollMs }) }),
  };
}

/** Of `Name <address>` the address. */
const addressIn = (from = 'factotum@localhost'): string => /<([^<>]+)>/.exec(from)?.[1] ?? from;
