import { X } from 'lucide-react';
import { useState } from 'react';
import { approvalsText } from '#text/approvals.ts';
import type { Approval } from '../../api/types.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { needsConfirmation } from '../approval/queries.ts';
import { BulkDialog } from './bulk-dialog.tsx';

const words = approvalsText.bulk;

const isAlike = (one: Approval, other: Approval): boolean =>
  other.tool === one.tool && other.risk === one.risk && other.bulk && !needsConfirmation(other);

/** Only one tool, only one risk, only what can be undone: never money. */
const mayApprove = ([first, ...rest]: readonly Approval[]): boolean =>
  first !== undefined && isAlike(first, first) && rest.every((other) => isAlike(first, other));

interface BulkBarProps {
  /** The selected rows. */
  approvals: readonly Approval[];
  /** All rows of the list. */
  others: readonly Approval[];
  onSelect: (ids: string[]) => void;
  onClose: () => void;
}

/** What can be done with the selected rows. */
export default function BulkBar({ approvals, others, onSelect, onClose }: BulkBarProps) {
  const [asked, setAsked] = useState<'accept' | 'reject' | null>(null);
  const waiting = approvals.filter(({ state, quorum }) => state === 'waiting' && !quorum.mineGiven);
  const isBulk = mayApprove(waiting);
  const [first] = waiting;
  const alike =
    first && isBulk ? others.filter((other) => other.state === 'waiting' && isAlike(first, other) && !approvals.includes(other)) : [];
  if (!first && asked === null) return null;
  return (
    <div className="bottom-bar sticky z-20 mb-7 sm:bottom-4">
      <div className="mx-auto flex w-fit max-w-full flex-wrap items-center justify-center gap-2 rounded-card bg-panel px-3 py-2 shadow-float">
        <span className="px-1 font-medium" role="status">
          {words.selected(waiting.length)}
        </span>
        {alike.length > 0 && (
          <Button look="quiet" size="small" onClick={() => onSelect(alike.map(({ id }) => id))}>
            {words.alike(alike.length)}
          </Button>
        )}
        {isBulk ? (
          <Button look="primary" size="small" onClick={() => setAsked('accept')}>
            {words.approve(waiting.length)}
          </Button>
        ) : (
          <span className="max-w-80 text-muted text-note">{words.unlike}</span>
        )}
        <Button size="small" onClick={() => setAsked('reject')}>
          {words.reject(waiting.length)}
        </Button>
        <IconButton label={words.clear} onClick={onClose}>
          <X size={15} aria-hidden="true" />
        </IconButton>
      </div>
      {asked !== null && <BulkDialog decision={asked} approvals={waiting} onCancel={() => setAsked(null)} onDone={onClose} />}
    </div>
  );
}
