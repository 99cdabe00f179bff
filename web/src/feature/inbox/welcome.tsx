import { DemoBanner } from '../demo/demo-banner.tsx';
import { SetupCard } from '../setup/setup-card.tsx';

/** What somebody new finds above their work: in the first load, so that nothing jumps when it comes. */
export function Welcome() {
  return (
    <>
      <SetupCard />
      <DemoBanner />
    </>
  );
}
