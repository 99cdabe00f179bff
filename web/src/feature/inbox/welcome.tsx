import { DemoBanner } from '../demo/demo-banner.tsx';
import { SetupCard } from '../setup/setup-card.tsx';

/** What somebody new finds above their work. Comes after it, so that it costs the first paint nothing. */
export default function Welcome() {
  return (
    <>
      <SetupCard />
      <DemoBanner />
    </>
  );
}
