import type { ConnectorContext, ConnectorFault } from '@factotum/connector-sdk';
import { isConnectorFault } from '@factotum/connector-sdk';
import type { Keeper } from '#flow/action';
import type { Connections } from '#flow/connection';
import type { Correspondence } from '#flow/correspondence';
import type { ToolAnswer, ToolContext } from '#flow/tool';
import type { Database } from '#kernel/database';
import type { KeysOf } from '#trust/key';
import type { Files } from '#trust/vault';
import { type MailSettings, mailSettingsSchema } from './settings.ts';

export interface MailDeps {
  readonly database: Database;
  readonly keysOf: KeysOf;
  readonly keeper: Keeper;
  readonly connections: Pick<Connections, 'open'>;
  readonly files: Pick<Files, 'find' | 'read'>;
}

/** The same with what every tool here works with. */
export interface MailParts extends MailDeps {
  readonly correspondence: Correspondence;
}

/** What tools name to open the tenant's mail account. */
export const mailAccount = { kind: 'mail', settings: mailSettingsSchema } as const;

export interface Account {
  readonly connectionId: string;
  readonly context: ConnectorContext<MailSettings>;
}

/** The tenant's mail account, or null where there is none: then drafts are notes alone and mails are files. */
export async function openAccount(
  { connections }: Pick<MailDeps, 'connections'>,
  { tenantId, signal }: ToolContext,
): Promise<Account | null> {
  const opened = await connections.open(tenantId, { connector: mailAccount, signal });
  return opened === null ? null : { connectionId: opened.id, context: opened.context };
}

/** A fault of the account as a tool tells it. */
export function failedBy(fault: ConnectorFault): ToolAnswer {
  const { kind, message, retryAfterMs } = fault;
  const failure = kind === 'cursor_expired' ? 'transient' : kind;
  return {
    kind: 'failed',
    failure,
    code: failure === 'transient' || failure === 'rate_limited' ? 'connection.unavailable' : 'connection.refused',
    message,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** Answers with a fault of the account instead of throwing it. */
export const orFailed = (work: Promise<ToolAnswer>): Promise<ToolAnswer> =>
  work.catch((error: unknown) => {
    if (isConnectorFault(error)) return failedBy(error);
    throw error;
  });
