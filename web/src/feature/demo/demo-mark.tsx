import { lazy, Suspense } from 'react';
import { useDemo } from './demo.ts';

/** Not in the first load: most tenants have no demo. */
const MarkWord = lazy(() => import('./mark-word.tsx'));

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
