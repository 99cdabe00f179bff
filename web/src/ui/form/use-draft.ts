import { useState } from 'react';

/** What is being edited, over what the server has: only what was touched is kept, so fresh data shows through. */
export function useDraft<T extends object>(saved: T) {
  const [changes, setChanges] = useState<Partial<T>>({});
  const draft: T = { ...saved, ...changes };
  return {
    draft,
    /** Only what was touched. */
    changes,
    set: (part: Partial<T>) => setChanges({ ...changes, ...part }),
    isChanged: JSON.stringify(draft) !== JSON.stringify(saved),
    reset: () => setChanges({}),
  };
}
