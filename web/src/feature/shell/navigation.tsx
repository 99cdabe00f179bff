import { Link, useMatchRoute } from '@tanstack/react-router';
import {
  Activity,
  BookOpenCheck,
  CalendarDays,
  ChartLine,
  Ellipsis,
  FolderClosed,
  Inbox,
  Landmark,
  ListChecks,
  Search,
  Settings,
  ShieldCheck,
} from 'lucide-react';
import type { ReactNode } from 'react';
import { text } from '#text/work.ts';
import { cx } from '../../ui/cx.ts';
import { KeyHint } from '../../ui/key-hint.tsx';
import { laterPopup } from '../../ui/later-popup.tsx';
import { Mark } from '../../ui/mark.tsx';
import { useLiveStatus } from '../live/store.ts';
import { Bell } from '../notice/bell.tsx';
import { useSignedIn } from '../session/session.ts';
import { AccountMenu } from './account-menu.tsx';
import { TenantMenu } from './tenant-menu.tsx';

const MorePlaces = laterPopup('menu', () => import('./more-places.tsx'));

export interface Place {
  to: '/' | '/tasks' | '/vault' | '/money' | '/agenda' | '/playbooks' | '/analytics' | '/audit' | '/status' | '/settings';
  label: string;
  icon: (size: number) => ReactNode;
  /** Any of these shows it. */
  permissions: readonly string[];
}

/** One of these lets somebody see at least one topic of the settings. */
const settingsPermissions = [
  ...[
    'settings:read',
    'policy:read',
    'connection:read',
    'member:read',
    'key:admin',
    'secret:read',
    'security:read',
    'encryption:read',
    'quota:read',
  ],
  ...['tenant:export', 'tenant:close'],
];

const places: Place[] = [
  { to: '/', label: text.nav.inbox, icon: (size) => <Inbox size={size} aria-hidden="true" />, permissions: ['approval:read'] },
  { to: '/tasks', label: text.nav.tasks, icon: (size) => <ListChecks size={size} aria-hidden="true" />, permissions: ['task:read'] },
  { to: '/vault', label: text.nav.vault, icon: (size) => <FolderClosed size={size} aria-hidden="true" />, permissions: ['vault:read'] },
  { to: '/money', label: text.nav.money, icon: (size) => <Landmark size={size} aria-hidden="true" />, permissions: ['ledger:read'] },
  {
    to: '/agenda',
    label: text.nav.agenda,
    icon: (size) => <CalendarDays size={size} aria-hidden="true" />,
    permissions: ['connection:read'],
  },
  {
    to: '/playbooks',
    label: text.nav.playbooks,
    icon: (size) => <BookOpenCheck size={size} aria-hidden="true" />,
    permissions: ['vault:read'],
  },
  { to: '/analytics', label: text.nav.analytics, icon: (size) => <ChartLine size={size} aria-hidden="true" />, permissions: ['task:read'] },
  { to: '/audit', label: text.nav.audit, icon: (size) => <ShieldCheck size={size} aria-hidden="true" />, permissions: ['audit:read'] },
  { to: '/status', label: text.nav.status, icon: (size) => <Activity size={size} aria-hidden="true" />, permissions: ['task:read'] },
  {
    to: '/settings',
    label: text.nav.settings,
    icon: (size) => <Settings size={size} aria-hidden="true" />,
    permissions: settingsPermissions,
  },
];

/** Places without the permission are absent, not locked. */
export const usePlaces = (): Place[] => {
  const { permissions } = useSignedIn();
  return places.filter((place) => place.permissions.some((permission) => permissions.includes(permission)));
};

/** What is asked has no list of its own: its pages belong to the inbox. */
function useIsInInbox(): boolean {
  return useMatchRoute()({ to: '/approvals/$approvalId' }) !== false;
}

interface MenuProps {
  onSearch: () => void;
  onHelp: () => void;
}

/** The navigation of wide screens. */
export function Sidebar({ waiting, onSearch, onHelp }: MenuProps & { waiting: number }) {
  const isInInbox = useIsInInbox();
  return (
    <header className="fixed inset-y-0 left-0 z-30 hidden w-54 flex-col gap-4 border-line border-r px-3 py-4 sm:flex">
      <TenantMenu />
      <button
        type="button"
        onClick={onSearch}
        aria-keyshortcuts="Control+K"
        className="flex h-8 shrink-0 items-center gap-2 rounded-control bg-panel px-2 text-muted ring-1 ring-line ring-inset hover:text-ink touch:h-11"
      >
        <Search size={14} aria-hidden="true" />
        <span className="flex-1 truncate text-left">{text.nav.search}</span>
        <KeyHint keys="Control+k" />
      </button>
      {/* Where the window is low, or its letters are large, the places are moved up and down. */}
      <nav aria-label={text.nav.label} className="-m-1 flex min-h-0 flex-col gap-0.5 overflow-y-auto p-1">
        {usePlaces().map(({ to, label, icon }) => (
          <Link
            key={to}
            to={to}
            activeOptions={{ exact: to === '/', includeSearch: false }}
            className={cx(
              'flex h-8 shrink-0 items-center gap-2.5 rounded-control px-2 font-medium text-muted hover:bg-hover hover:text-ink touch:h-11',
              to === '/' && isInInbox && 'bg-hover text-ink!',
            )}
            activeProps={{ className: 'bg-hover text-ink!' }}
          >
            {icon(16)}
            <span className="flex-1">{label}</span>
            {to === '/' && <Count n={waiting} />}
          </Link>
        ))}
      </nav>
      <div className="mt-auto">
        <div className="mb-1 px-2">
          <LiveDot />
        </div>
        <div className="flex items-center gap-2">
          <AccountMenu onHelp={onHelp} withName />
          <Bell />
        </div>
      </div>
    </header>
  );
}

/** The top line of a phone. */
export function Header({ onSearch, onHelp }: MenuProps) {
  const me = useSignedIn();
  return (
    <header className="sticky top-0 z-30 flex h-12 items-center gap-2 border-line border-b bg-bg px-4 sm:hidden">
      <Mark size={20} />
      <span className="min-w-0 flex-1 truncate font-semibold">{me.tenant.name}</span>
      <LiveDot />
      <Bell />
      <button
        type="button"
        onClick={onSearch}
        aria-label={text.palette.title}
        className="-mr-2 flex size-11 items-center justify-center text-muted"
      >
        <Search size={18} aria-hidden="true" />
      </button>
      <AccountMenu onHelp={onHelp} />
    </header>
  );
}

/** As many as a thumb tells apart. Where there are more, the last leads to the rest. */
const barMax = 5;

/** The navigation of a phone: opaque, above what the phone puts at the bottom. */
export function BottomBar({ waiting }: { waiting: number }) {
  const all = usePlaces();
  const shown = all.length > barMax ? all.slice(0, barMax - 1) : all;
  const isInInbox = useIsInInbox();
  return (
    <nav
      aria-label={text.nav.label}
      className="fixed inset-x-0 bottom-0 z-20 flex border-line border-t bg-panel pb-[env(safe-area-inset-bottom)] sm:hidden"
    >
      {shown.map(({ to, label, icon }) => (
        <Link
          key={to}
          to={to}
          activeOptions={{ exact: to === '/', includeSearch: false }}
          className={cx(
            'relative flex h-14 flex-1 flex-col items-center justify-center gap-0.5 font-medium text-[0.6875rem] text-muted',
            to === '/' && isInInbox && 'text-accent!',
          )}
          activeProps={{ className: 'text-accent!' }}
        >
          {icon(18)}
          {label}
          {to === '/' && waiting > 0 && (
            <span className="absolute top-1.5 left-1/2 ml-1.5">
              <Count n={waiting} />
            </span>
          )}
        </Link>
      ))}
      {shown.length < all.length && <More places={all.slice(shown.length)} />}
    </nav>
  );
}

/** The places that are not in the bar. */
function More({ places: rest }: { places: Place[] }) {
  return (
    <MorePlaces
      places={rest}
      label={text.nav.more}
      className="flex h-14 flex-1 flex-col items-center justify-center gap-0.5 font-medium text-[0.6875rem] text-muted"
      face={
        <>
          <Ellipsis size={18} aria-hidden="true" />
          {text.nav.more}
        </>
      }
    />
  );
}

function Count({ n }: { n: number }) {
  if (n === 0) return null;
  return (
    <span className="inline-flex h-4.5 min-w-4.5 items-center justify-center rounded-full bg-accent px-1 font-semibold text-[0.6875rem] text-accent-ink">
      <span className="sr-only">{text.nav.waiting(n)}</span>
      <span aria-hidden="true">{n > 99 ? '99+' : n}</span>
    </span>
  );
}

function LiveDot() {
  const status = useLiveStatus();
  const isLive = status === 'live';
  return (
    <span className="flex items-center gap-1.5 text-[0.6875rem] text-muted">
      <span aria-hidden="true" className={`size-1.5 rounded-full ${isLive ? 'bg-good' : 'pulse-soft bg-warn'}`} />
      {isLive ? text.live.live : text.live.connecting}
    </span>
  );
}
