import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Bell as BellIcon } from 'lucide-react';
import { text } from '#text/work.ts';
import { unreadQuery } from './queries.ts';

/** The way to what one is told, with how much of it is new. */
export function Bell() {
  const unread = useQuery(unreadQuery).data ?? 0;
  return (
    <Link
      to="/notices"
      aria-label={unread > 0 ? `${text.nav.notices}: ${text.nav.unread(unread)}` : text.nav.notices}
      className="relative flex size-8 shrink-0 items-center justify-center rounded-control text-muted hover:bg-hover hover:text-ink touch:size-11"
      activeProps={{ className: 'text-ink!' }}
    >
      <BellIcon size={16} aria-hidden="true" />
      {unread > 0 && (
        <span
          aria-hidden="true"
          className="absolute top-0.5 right-0 inline-flex h-4 min-w-4 items-center justify-center rounded-full bg-accent px-1 font-semibold text-[0.625rem] text-accent-ink touch:top-1.5 touch:right-1"
        >
          {unread > 99 ? '99+' : unread}
        </span>
      )}
    </Link>
  );
}
