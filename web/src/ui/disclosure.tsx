import { ChevronRight } from 'lucide-react';
import type { ReactNode } from 'react';

/** Something that is folded until asked for. Works without script. */
export function Disclosure({ summary, children, open = false }: { summary: ReactNode; children: ReactNode; open?: boolean }) {
  return (
    <details open={open} className="group/fold">
      <summary className="flex min-h-9 items-center gap-1.5 rounded-control font-medium text-muted hover:text-ink touch:min-h-11">
        <ChevronRight size={14} aria-hidden="true" className="shrink-0 transition-transform duration-100 group-open/fold:rotate-90" />
        {summary}
      </summary>
      <div className="pb-1">{children}</div>
    </details>
  );
}
