import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';
import type { TenantKeys } from '#trust/key';
import type { NoticeKind } from './kinds.ts';
import { countUnread, listNoticeRows, markSeenRows, type NoticeRow, type Owner } from './store.ts';
import { findSubject } from './subject.ts';

/** A notice as its person sees it. */
export interface Notice {
  readonly id: Id<'notice'>;
  readonly kind: NoticeKind;
  readonly at: Date;
  readonly seenAt: Date | null;
  /** Whether it still needs somebody. */
  readonly isOpen: boolean;
  /** Null where what it was about is there no more. */
  readonly title: string | null;
  readonly risk: string | null;
  /** How full a quota is, in percent. */
  readonly level: number | null;
  readonly url: string | null;
}

interface Reader extends Owner {
  /** What they may be told of now. */
  readonly kinds: readonly NoticeKind[];
  readonly now: Date;
}

/** What somebody is told, the newest first, as it stands now. */
export async function listNotices(
  tx: Tx,
  keys: TenantKeys,
  { kinds, now, ...owner }: Reader,
  { before, limit }: { readonly before: string | null; readonly limit: number },
): Promise<Notice[]> {
  const rows = await listNoticeRows(tx, owner, { kinds, before, limit });
  const notices: Notice[] = [];
  for (const row of rows) notices.push(await present(tx, keys, row, now));
  return notices;
}

/** How many somebody has not seen that still need them; 100 stands for more. */
export const countUnreadNotices = (tx: Tx, { kinds, ...owner }: Omit<Reader, 'now'>): Promise<number> => countUnread(tx, owner, kinds);

/** Notes what somebody has seen: these, or all up to one. It is not sent any more. */
export const markSeen = (
  tx: Tx,
  owner: Owner,
  seen: { readonly ids: readonly string[] | null; readonly until: string | null; readonly at: Date },
): Promise<void> => markSeenRows(tx, owner, seen);

async function present(tx: Tx, keys: TenantKeys, row: NoticeRow, now: Date): Promise<Notice> {
  const { noticeId: id, kind, createdAt: at, seenAt, closedAt, risk, level } = row;
  const subject = await findSubject(tx, keys, row, now);
  return {
    ...{ id, kind, at, seenAt, risk, level },
    isOpen: closedAt === null && subject !== null && subject.isOpen,
    title: subject?.title ?? null,
    url: subject?.url ?? null,
  };
}
