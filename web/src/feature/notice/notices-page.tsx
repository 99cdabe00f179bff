import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Bell, SlidersHorizontal } from 'lucide-react';
import type { ReactNode } from 'react';
import { noticesText } from '#text/notices.ts';
import { post } from '../../api/client.ts';
import type { Notice } from '../../api/notices.ts';
import { formatShare } from '../../format.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button, buttonClass } from '../../ui/button.tsx';
import { Empty, ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { ForeignLine } from '../../ui/foreign-text.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { MoreButton } from '../../ui/more-button.tsx';
import { Page } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';
import { Help } from '../help/help.tsx';
import { noticesQuery } from './queries.ts';

const words = noticesText;

/** What one was told, the newest first; what still needs somebody stands out. */
export default function NoticesPage() {
  const list = useInfiniteQuery(noticesQuery);
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  const [newest] = items;
  const seen = useAct((body: { ids: string[] } | { until: string }) => post('/me/notices/seen', body), { refresh: ['notices'] });
  const markAll = useAct((until: string) => post('/me/notices/seen', { until }), {
    refresh: ['notices'],
    said: words.allSeenSaid,
    toastsErrors: true,
  });
  return (
    <Page
      title={words.title}
      help={<Help topic="notices" />}
      side={
        <div className="flex flex-wrap gap-2">
          {newest && items.some(({ seenAt }) => seenAt === null) && (
            <Button onClick={() => markAll.mutate(newest.id)} disabled={markAll.isPending}>
              {words.allSeen}
            </Button>
          )}
          <Link to="/account/notices" className={buttonClass('plain')}>
            <SlidersHorizontal size={14} aria-hidden="true" />
            {words.rulesLink}
          </Link>
        </div>
      }
    >
      {list.error && !list.data && <ErrorBox error={list.error} onRetry={list.refetch} />}
      {list.isPending && <Skeleton rows={5} />}
      {list.data && items.length === 0 && (
        <Empty icon={<Bell size={20} aria-hidden="true" />} title={words.none}>
          {words.noneText}
        </Empty>
      )}
      {items.length > 0 && (
        <ul className="divide-y divide-line overflow-hidden rounded-card border border-line bg-panel">
          {items.map((notice) => (
            <li key={notice.id}>
              <NoticeRow notice={notice} onOpen={() => notice.seenAt === null && seen.mutate({ ids: [notice.id] })} />
            </li>
          ))}
        </ul>
      )}
      <MoreButton list={list} />
    </Page>
  );
}

function NoticeRow({ notice, onOpen }: { notice: Notice; onOpen: () => void }) {
  const { kind, at, seenAt, isOpen, title, level, url } = notice;
  const isNew = seenAt === null && isOpen;
  return (
    <Place url={url} onOpen={onOpen}>
      <span aria-hidden="true" className={`mt-1.5 size-2 shrink-0 rounded-full ${isNew ? 'bg-accent' : 'bg-transparent'}`} />
      <span className="min-w-0 flex-1">
        <span className={`block ${isNew ? 'font-semibold' : ''}`}>
          {isNew && <span className="sr-only">{words.fresh}: </span>}
          {title === null ? words.gone : <ForeignLine value={title} />}
        </span>
        <span className="block text-muted text-note">
          {words.kinds[kind]}
          {level !== null && <> · {words.level(formatShare(level / 100))}</>} · <Time at={at} />
        </span>
      </span>
      {!isOpen && <Badge>{words.settled}</Badge>}
    </Place>
  );
}

const rowClass = 'flex min-h-14 items-start gap-3 px-4 py-2.5 hover:bg-hover focus-visible:-outline-offset-2';

/** The way to what it is about. The server names pages of ours alone; anything else leads nowhere. */
function Place({ url, onOpen, children }: { url: string | null; onOpen: () => void; children: ReactNode }) {
  const [, place = '', id = ''] = url?.split('/') ?? [];
  if (place === 'approvals')
    return (
      <Link to="/approvals/$approvalId" params={{ approvalId: id }} onClick={onOpen} className={rowClass}>
        {children}
      </Link>
    );
  if (place === 'tasks')
    return (
      <Link to="/tasks/$taskId" params={{ taskId: id }} onClick={onOpen} className={rowClass}>
        {children}
      </Link>
    );
  if (place === 'settings' && (id === 'connections' || id === 'usage'))
    return (
      <Link to={`/settings/${id}`} onClick={onOpen} className={rowClass}>
        {children}
      </Link>
    );
  return <div className={rowClass}>{children}</div>;
}
