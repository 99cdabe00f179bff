import type { ReactNode } from 'react';

/** Fields in two columns where there is room for them. */
export function Columns({ children }: { children: ReactNode }) {
  return <div className="mb-4 grid gap-4 *:mb-0 last:mb-0 sm:grid-cols-2">{children}</div>;
}
