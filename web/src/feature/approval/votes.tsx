import { Circle, CircleCheck } from 'lucide-react';
import { approvalsText } from '#text/approvals.ts';
import { inboxText } from '#text/inbox.ts';
import type { Approval } from '../../api/types.ts';
import { formatExact, formatRelative } from '../../format.ts';
import { Button } from '../../ui/button.tsx';
import { useNow } from '../../ui/use-now.ts';
import { useNames } from './people.ts';
import { useUndoDecisions } from './undo.ts';

const words = approvalsText.votes;

/** Who approved already where more than one has to, and how many are missing. */
export function Votes({ approval }: { approval: Approval }) {
  const { quorum, state } = approval;
  const undoDecisions = useUndoDecisions();
  const now = useNow(30_000);
  const nameOf = useNames();
  if (quorum.needed < 2) return null;
  const { needed, given, mineGiven } = quorum;
  const missing = Math.max(0, needed - given.length);
  return (
    <section className="mb-6 rounded-card border border-line bg-panel px-4 py-3" aria-label={inboxText.votesLabel(given.length, needed)}>
      <div className="flex items-center justify-between gap-3">
        <h2 className="font-semibold">{words.title(needed)}</h2>
        <span aria-hidden="true" className="font-medium text-muted tabular-nums">
          {inboxText.votes(given.length, needed)}
        </span>
      </div>
      <ul className="mt-2 grid gap-1.5">
        {given.map((vote) => (
          <li key={vote.by} className="flex items-center gap-2">
            <CircleCheck size={15} aria-hidden="true" className="shrink-0 text-good" />
            <span title={formatExact(vote.at)}>{words.given(nameOf(vote.by), formatRelative(vote.at, now))}</span>
          </li>
        ))}
        {Array.from({ length: missing }, (_, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: those who are missing are all alike
          <li key={i} className="flex items-center gap-2 text-muted">
            <Circle size={15} aria-hidden="true" className="shrink-0" />
            {words.open}
          </li>
        ))}
      </ul>
      {mineGiven && state === 'waiting' && (
        <div className="mt-3 flex flex-wrap items-center justify-between gap-2">
          <p className="text-muted">{words.mine(missing)}</p>
          <Button size="small" shortcut="u" showShortcut onClick={() => void undoDecisions([approval])}>
            {approvalsText.undo.vote}
          </Button>
        </div>
      )}
    </section>
  );
}
