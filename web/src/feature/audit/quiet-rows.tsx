import { ChevronRight } from 'lucide-react';
import { useState } from 'react';
import { auditText } from '#text/audit.ts';
import type { AuditEntry } from '../../api/types.ts';
import { EntryRow } from './entry-row.tsx';

interface QuietRowsProps {
  entries: readonly AuditEntry[];
  /** The entry that the address names. */
  open: number | undefined;
  task: string | undefined;
}

/** Neighbouring entries about reading, as one row until asked for. */
export function QuietRows({ entries, open, task }: QuietRowsProps) {
  const [isShown, setShown] = useState(() => entries.some((entry) => entry.seq === open));
  if (isShown) return entries.map((entry) => <EntryRow key={entry.seq} entry={entry} isOpen={open === entry.seq} task={task} />);
  return (
    <li data-row>
      <button
        type="button"
        data-row-link
        onClick={() => setShown(true)}
        className="flex min-h-9 w-full items-center gap-3 px-4 text-muted text-note -outline-offset-2 hover:bg-hover touch:min-h-11"
      >
        <span className="w-10 shrink-0" />
        <ChevronRight size={15} aria-hidden="true" className="shrink-0" />
        {auditText.quiet(entries.length)}
      </button>
    </li>
  );
}
