import { useSyncExternalStore } from 'react';
import { DemoBanner } from '../demo/demo-banner.tsx';
import { SetupCard } from '../setup/setup-card.tsx';

/** The same width as the `sm` of the styles. */
const wide = matchMedia('(min-width: 640px)');
const listen = (changed: () => void) => {
  wide.addEventListener('change', changed);
  return () => wide.removeEventListener('change', changed);
};

/**
 * What somebody new finds with their work: in the first load, so that nothing jumps when it comes. It stands above the work, and on a
 * phone, where that would push it off the screen, below what needs the reader.
 */
export function Welcome({ place }: { place: 'above' | 'below' }) {
  const isWide = useSyncExternalStore(listen, () => wide.matches);
  if (isWide !== (place === 'above')) return null;
  return (
    <>
      <SetupCard />
      <DemoBanner />
    </>
  );
}
