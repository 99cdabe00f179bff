import { ChevronRight } from 'lucide-react';
import { type ReactNode, useState } from 'react';

interface DisclosureProps {
  summary: ReactNode;
  children: ReactNode;
  open?: boolean;
  /** Draws what is folded, and asks the server for it, when it is first unfolded. */
  later?: boolean;
}

/** Something that is folded until asked for. Works without script. */
export function Disclosure({ summary, children, open = false, later = false }: DisclosureProps) {
  const [isDrawn, setDrawn] = useState(open || !later);
  return (
    <details open={open} onToggle={(event) => event.currentTarget.open && setDrawn(true)} className="group/fold">
      <summary className="flex min-h-9 items-center gap-1.5 rounded-control font-medium text-muted hover:text-ink touch:min-h-11">
        <ChevronRight size={14} aria-hidden="true" className="shrink-0 transition-transform duration-100 group-open/fold:rotate-90" />
        {summary}
      </summary>
      <div className="pb-1">{isDrawn && children}</div>
    </details>
  );
}
