import { type ComponentType, lazy, Suspense } from 'react';
import { useDemo } from './demo.ts';

/** Not in the first load: most tenants have no demo. A page is worth more than the mark: where that cannot be fetched, the page stands. */
const MarkWord = lazy<ComponentType>(() => import('./mark-word.tsx').catch(() => ({ default: () => null })));

/** Marks what came with the demo; nothing for anything else. `id` is a note's path for notes. */
export function DemoMark({ of, id }: { of: 'tasks' | 'approvals' | 'notes'; id: string }) {
  const demo = useDemo();
  if (!demo?.[of].includes(id)) return null;
  return (
    <Suspense>
      <MarkWord />
    </Suspense>
  );
}
