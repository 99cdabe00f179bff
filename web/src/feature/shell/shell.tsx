import { Outlet, useNavigate } from '@tanstack/react-router';
import { useCallback, useState } from 'react';
import { text } from '#text/work.ts';
import { later } from '../../ui/later.tsx';
import { useAttention } from '../inbox/queries.ts';
import { ConnectionBanner } from '../live/banner.tsx';
import { useLive } from '../live/use-live.ts';
import { useAnnouncement } from './announce.ts';
import { useKeyboard } from './keyboard.ts';
import { BottomBar, Header, Sidebar } from './navigation.tsx';
import { useRouteFocus } from './route-focus.ts';

const Palette = later(() => import('./palette.tsx'));
const KeyHelp = later(() => import('./key-help.tsx'));

const places = { i: '/', t: '/tasks', a: '/audit', v: '/vault', s: '/settings' } as const;
const isPlace = (letter: string): letter is keyof typeof places => Object.hasOwn(places, letter);

/** The frame around every page of a signed-in person. */
export function Shell() {
  const [overlay, setOverlay] = useState<'palette' | 'help' | null>(null);
  const close = useCallback(() => setOverlay(null), []);
  const navigate = useNavigate();
  const count = useAttention().count;
  const announcement = useAnnouncement(text.inbox.announce(count));
  useLive();
  useRouteFocus();
  useKeyboard({
    openPalette: () => setOverlay('palette'),
    openHelp: () => setOverlay('help'),
    goTo: (letter) => {
      if (isPlace(letter)) void navigate({ to: places[letter] });
    },
  });
  const menu = { onSearch: () => setOverlay('palette'), onHelp: () => setOverlay('help') };
  return (
    <div className="sm:pl-54">
      <a
        href="#content"
        className="sr-only z-50 rounded-control bg-accent px-3 py-2 text-accent-ink focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        {text.nav.skip}
      </a>
      <Sidebar waiting={count} {...menu} />
      <Header {...menu} />
      <ConnectionBanner />
      <main id="content" tabIndex={-1} className="pb-bar min-h-dvh outline-none sm:pb-0">
        <Outlet />
      </main>
      <BottomBar waiting={count} />
      <div role="status" className="sr-only">
        {announcement}
      </div>
      {overlay === 'palette' && <Palette onClose={close} onHelp={() => setOverlay('help')} />}
      {overlay === 'help' && <KeyHelp onClose={close} />}
    </div>
  );
}
