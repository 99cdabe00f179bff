import { auditText } from '#text/audit.ts';
import type { TimelineEntry } from '../../api/types.ts';
import { capitalise, formatActor } from '../../format.ts';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { Time } from '../../ui/time.tsx';
import { quietKinds } from '../audit/fold.ts';
import { useSignedIn } from '../session/session.ts';

/** What happened to a task, oldest first; who only looked is counted, not listed. */
export function Timeline({ entries }: { entries: readonly TimelineEntry[] }) {
  const me = useSignedIn();
  const told = entries.filter(({ kind }) => !quietKinds.has(kind)).toSorted((a, b) => a.seq - b.seq);
  const quietCount = entries.length - told.length;
  return (
    <>
      <ol className="ml-1 border-line border-l">
        {told.map((entry) => (
          <li key={entry.seq} className="relative pb-3 pl-4 last:pb-0">
            <span
              aria-hidden="true"
              className={`absolute top-1.5 -left-1 size-2 rounded-full ring-2 ring-bg ${entry.actor.startsWith('user:') ? 'bg-accent' : 'bg-field'}`}
            />
            <p>
              <ForeignText value={entry.text} cutAt={200} />
            </p>
            <p className="text-muted text-note">
              {capitalise(formatActor(entry.actor, me.principal.actor))} · <Time at={entry.at} />
            </p>
          </li>
        ))}
      </ol>
      {quietCount > 0 && <p className="mt-2 text-muted text-note">{auditText.quiet(quietCount)}</p>}
    </>
  );
}
