import type { Id } from '#kernel';
import type { Tx } from '#kernel/database';
import type { TenantKeys } from '#trust/key';
import type { NoticeKind } from './kinds.ts';
import { countUnread, listNoticeRows, markSeenRows, type NoticeRow, type Owner } from './store.ts';
import { readSubject } from './subject.ts';

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
  { before, limit, locale }: { readonly before: string | null; readonly limit: number; readonly locale: string },
): Promise<Notice[]> {
  const rows = await listNoticeRows(tx, owner, { kinds, before, limit });
  const notices: Notice[] = [];
  for (const row of rows) notices.push(await present(tx, keys, row, { now, locale }));
  return notices;
}

/** How many somebody has not seen that still need them, without what they have put off; 100 stands for more. */
export const countUnreadNotices = (tx: Tx, { kinds, now, ...owner }: Reader): Promise<number> => countUnread(tx, owner, { kinds, now });

/** Notes what somebody has seen: these, or all up to one. It is not sent any more. */
export const markSeen = (
  tx: Tx,
  owner: Owner,
  seen: { readonly ids: readonly string[] | null; readonly until: string | null; readonly at: Date },
): Promise<void> => markSeenRows(tx, owner, seen);

async function present(
  tx: Tx,
  keys: TenantKeys,
  row: NoticeRow,
  { now, locale }: { readonly now: Date; readonly locale: string },
): Promise<Notice> {
  const { noticeId: id, kind, createdAt: at, seenAt, closedAt, risk, level } = row;
  // What cannot be opened is shown as what is there no more; the keeper, who looks at it as well, writes it to the log.
  const subject = await readSubject(tx, keys, row, { now, locale, onBroken: () => undefined });
  return {
    ...{ id, kind, at, seenAt, risk, level },
    isOpen: closedAt === null && subject !== null && subject.isOpen,
    title: subject?.title ?? null,
    url: subject?.url ?? null,
  };
}
