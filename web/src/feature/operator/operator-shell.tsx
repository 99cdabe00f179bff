import { Link, Outlet, useNavigate } from '@tanstack/react-router';
import { Activity, Building2, ChartLine, DatabaseBackup, Hourglass, UserPlus } from 'lucide-react';
import { useCallback, useState } from 'react';
import { operatorText } from '#text/operator.ts';
import { protectionText } from '#text/protection.ts';
import { statusText } from '#text/status.ts';
import { text } from '#text/work.ts';
import { later } from '../../ui/later.tsx';
import { Mark } from '../../ui/mark.tsx';
import { ConnectionBanner } from '../live/banner.tsx';
import { useLive } from '../live/use-live.ts';
import { AccountMenu } from '../shell/account-menu.tsx';
import { useKeyboard } from '../shell/keyboard.ts';
import { useRouteFocus } from '../shell/route-focus.ts';

const KeyHelp = later(() => import('../shell/key-help.tsx'));

const places = [
  { to: '/operator', label: operatorText.tenants, icon: <Building2 size={16} aria-hidden="true" />, exact: true },
  { to: '/operator/system', label: statusText.system, icon: <Activity size={16} aria-hidden="true" />, exact: false },
  { to: '/operator/registrations', label: operatorText.registrations, icon: <UserPlus size={16} aria-hidden="true" />, exact: false },
  { to: '/operator/volume', label: operatorText.volume, icon: <ChartLine size={16} aria-hidden="true" />, exact: false },
  { to: '/operator/jobs', label: operatorText.jobs, icon: <Hourglass size={16} aria-hidden="true" />, exact: false },
  { to: '/operator/backups', label: protectionText.backups.title, icon: <DatabaseBackup size={16} aria-hidden="true" />, exact: false },
] as const;

/** By the letter after `g`. */
const lettered = {
  t: places[0],
  y: places[1],
  r: places[2],
  v: places[3],
  w: places[4],
  b: places[5],
} as const;
const isLettered = (letter: string): letter is keyof typeof lettered => Object.hasOwn(lettered, letter);
const named = Object.fromEntries(Object.entries(lettered).map(([letter, { label }]) => [letter, label]));

/** The frame for those who operate the installation: no tenant, so no inbox; the live feed tells of figures alone. */
export default function OperatorShell() {
  const [isHelp, setHelp] = useState(false);
  const navigate = useNavigate();
  const openHelp = () => setHelp(true);
  const closeHelp = useCallback(() => setHelp(false), []);
  useLive();
  useRouteFocus();
  useKeyboard({
    openPalette: openHelp,
    openHelp,
    goTo: (letter) => {
      if (isLettered(letter)) void navigate({ to: lettered[letter].to });
    },
  });
  return (
    <div className="sm:pl-54">
      <a
        href="#content"
        className="sr-only z-50 rounded-control bg-accent px-3 py-2 text-accent-ink focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        {text.nav.skip}
      </a>
      <header className="sticky top-0 z-30 flex h-12 items-center gap-2 border-line border-b bg-bg px-4 sm:fixed sm:inset-y-0 sm:left-0 sm:h-auto sm:w-54 sm:flex-col sm:items-stretch sm:gap-4 sm:border-r sm:border-b-0 sm:px-3 sm:py-4">
        <div className="flex min-w-0 flex-1 items-center gap-2 sm:flex-none sm:px-2">
          <Mark size={22} />
          <span className="min-w-0">
            <span className="block truncate font-semibold leading-4">{operatorText.area}</span>
            <span className="block text-[0.6875rem] text-muted leading-4">{text.product}</span>
          </span>
        </div>
        <nav aria-label={operatorText.nav} className="hidden flex-col gap-0.5 sm:flex">
          {places.map(({ to, label, icon, exact }) => (
            <Link
              key={to}
              to={to}
              activeOptions={{ exact }}
              className="flex h-8 items-center gap-2.5 rounded-control px-2 font-medium text-muted hover:bg-hover hover:text-ink touch:h-11"
              activeProps={{ className: 'bg-hover text-ink!' }}
            >
              {icon}
              {label}
            </Link>
          ))}
        </nav>
        <div className="sm:mt-auto sm:flex">
          <span className="hidden flex-1 sm:flex">
            <AccountMenu onHelp={openHelp} withName />
          </span>
          <span className="sm:hidden">
            <AccountMenu onHelp={openHelp} />
          </span>
        </div>
      </header>
      <ConnectionBanner />
      <main id="content" tabIndex={-1} className="pb-bar min-h-dvh outline-none sm:pb-0">
        <Outlet />
      </main>
      <nav
        aria-label={operatorText.nav}
        className="fixed inset-x-0 bottom-0 z-20 flex border-line border-t bg-panel pb-[env(safe-area-inset-bottom)] sm:hidden"
      >
        {places.map(({ to, label, icon, exact }) => (
          <Link
            key={to}
            to={to}
            activeOptions={{ exact }}
            className="flex h-14 flex-1 flex-col items-center justify-center gap-0.5 font-medium text-[0.6875rem] text-muted"
            activeProps={{ className: 'text-accent!' }}
          >
            {icon}
            {label}
          </Link>
        ))}
      </nav>
      {isHelp && <KeyHelp onClose={closeHelp} places={named} />}
    </div>
  );
}
