import { sql } from 'kysely';
import { headlineOf, selectApproval } from '#flow/approval';
import { openTaskDetail, selectTask } from '#flow/task';
import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';
import type { TenantKeys } from '#trust/key';
import { isQuotaName, quotas } from '#trust/quota';
import type { NoticeKind } from './kinds.ts';

/** What a notice is about, as it stands now. */
export interface Subject {
  /** What it is called: content, for who may see it alone. */
  readonly title: string;
  /** Whether it still needs somebody. */
  readonly isOpen: boolean;
  readonly risk: string | null;
  /** The page of it, below our origin. */
  readonly url: string;
}

/** What is shown of a title at most. */
const titleCharsMax = 160;

/** Looks a notice's subject up. @returns null when there is no such thing any more. */
export async function findSubject(
  tx: Tx,
  keys: TenantKeys,
  { kind, objectId }: { readonly kind: NoticeKind; readonly objectId: string },
  now: Date,
): Promise<Subject | null> {
  const { tenantId } = keys;
  switch (kind) {
    case 'approval':
    case 'delegated':
    case 'comment': {
      const approval = await selectApproval(tx, tenantId, objectId);
      if (approval === undefined) return null;
      const isWaiting = approval.state === 'waiting' && approval.expiresAt > now;
      // What is said of a decision is news after it as well.
      const isOpen = kind === 'comment' || isWaiting;
      return { title: plain(headlineOf(keys, approval)), isOpen, risk: approval.risk, url: `/approvals/${objectId}` };
    }
    case 'question':
    case 'unknown':
    case 'failed': {
      const task = await selectTask(tx, tenantId, objectId);
      if (task === undefined) return null;
      const isOpen = kind === 'failed' ? task.state === 'failed' : task.state === 'waiting' && task.waitReason === kind;
      return { title: plain(openTaskDetail(keys, task).title), isOpen, risk: null, url: `/tasks/${objectId}` };
    }
    case 'connection': {
      const row = await findConnection(tx, tenantId, objectId);
      return row === undefined ? null : { title: row.connector, isOpen: row.state === 'broken', risk: null, url: '/settings/connections' };
    }
    case 'quota':
      return { title: isQuotaName(objectId) ? quotas[objectId].title : objectId, isOpen: true, risk: null, url: '/settings/usage' };
  }
}

/** Whom an approval is assigned to at this moment, by the id of a member or a team; null for everybody. */
export async function assigneeOf(tx: Tx, tenantId: Id<'tenant'>, approvalId: string, now: Date): Promise<string | null> {
  const { rows } = await sql<{ to: string | null }>`select assigned_to as "to" from app.approval
    where tenant_id = ${tenantId} and approval_id = ${approvalId} and (assigned_until is null or assigned_until > ${now})`.execute(tx);
  return rows[0]?.to ?? null;
}

async function findConnection(tx: Tx, tenantId: Id<'tenant'>, id: string): Promise<{ connector: string; state: string } | undefined> {
  const { rows } = await sql<{ connector: string; state: string }>`select connector, state from app.connection
    where tenant_id = ${tenantId} and connection_id = ${id}`.execute(tx);
  return rows[0];
}

/** One line without what could steer a screen: strangers write subjects of mails. */
function plain(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return line.length <= titleCharsMax ? line : `${line.slice(0, titleCharsMax - 1)}…`;
}
