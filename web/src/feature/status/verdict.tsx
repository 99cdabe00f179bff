import { CircleCheck, TriangleAlert } from 'lucide-react';
import { statusText } from '#text/status.ts';
import { Notice } from '../../ui/feedback.tsx';

interface VerdictProps {
  well: string;
  wellText: string;
  /** What needs a look, in sentences. */
  concerns: readonly string[];
}

/** At a glance: whether all is well, and if not, what is the matter. Said to screen readers when it changes. */
export function Verdict({ well, wellText, concerns }: VerdictProps) {
  const isWell = concerns.length === 0;
  return (
    <Notice tone={isWell ? 'good' : 'warn'} role="status">
      <div className="flex items-start gap-3">
        {isWell ? (
          <CircleCheck size={18} aria-hidden="true" className="mt-0.5 shrink-0 text-good" />
        ) : (
          <TriangleAlert size={18} aria-hidden="true" className="mt-0.5 shrink-0 text-warn" />
        )}
        <div className="min-w-0">
          <p className="font-medium">{isWell ? well : statusText.look(concerns.length)}</p>
          {isWell ? (
            <p className="text-muted">{wellText}</p>
          ) : (
            <ul className="wrap-anywhere mt-1 list-disc space-y-0.5 pl-4">
              {concerns.map((concern) => (
                <li key={concern}>{concern}</li>
              ))}
            </ul>
          )}
        </div>
      </div>
    </Notice>
  );
}
