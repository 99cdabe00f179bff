import { sql } from 'kysely';
import { headlineOf, selectApproval } from '#flow/approval';
import { openTaskDetail, selectTask } from '#flow/task';
import { type Id, isFactotumError } from '#kernel';
import type { Tx } from '#kernel/database';
import { wordsIn } from '#kernel/words';
import type { TenantKeys } from '#trust/key';
import { isQuotaName } from '#trust/quota';
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

/** Told of what could not be opened any more. */
export type OnBroken = (broken: { readonly tenantId: Id<'tenant'>; readonly objectId: string; readonly error: Error }) => void;

interface About {
  readonly kind: NoticeKind;
  readonly objectId: string;
}

/**
 * Looks a notice's subject up.
 *
 * @param reading.locale - of whoever reads its title
 * @returns null when there is no such thing any more, or when it cannot be opened: one broken row costs its own notice and no other.
 */
export async function readSubject(
  tx: Tx,
  keys: TenantKeys,
  about: About,
  { now, locale, onBroken }: { readonly now: Date; readonly locale: string; readonly onBroken: OnBroken },
): Promise<Subject | null> {
  try {
    return await findSubject(tx, keys, about, { now, locale });
  } catch (error) {
    if (!isFactotumError(error, 'seal.broken')) throw error;
    onBroken({ tenantId: keys.tenantId, objectId: about.objectId, error });
    return null;
  }
}

async function findSubject(
  tx: Tx,
  keys: TenantKeys,
  { kind, objectId }: About,
  { now, locale }: { readonly now: Date; readonly locale: string },
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
      return { title: plain(headlineOf(keys, approval)(locale)), isOpen, risk: approval.risk, url: `/approvals/${objectId}` };
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
      return {
        title: isQuotaName(objectId) ? wordsIn(locale).quotas.of[objectId].title : objectId,
        isOpen: true,
        risk: null,
        url: '/settings/usage',
      };
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

/**
 * One line without what could steer a screen: strangers write subjects of mails. Marks that pile up on a letter are cut; languages need three at most.
 * Cut between characters as people count them.
 */
export function plain(text: string): string {
  // As much of it as could be shown is looked at: a subject may be megabytes.
  const line = text
    .slice(0, titleCharsMax * 20)
    .toWellFormed()
    .normalize('NFC')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\uFFFC\s]+/gu, ' ')
    .replaceAll(/(\p{M}{3})\p{M}+/gu, '$1')
    .trim();
  const letters = [...line];
  return letters.length <= titleCharsMax && text.length <= titleCharsMax * 20 ? line : `${letters.slice(0, titleCharsMax - 1).join('')}…`;
}
