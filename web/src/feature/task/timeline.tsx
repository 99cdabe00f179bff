import type { TimelineEntry } from '../../api/types.ts';
import { capitalise, formatActor } from '../../format.ts';
import { text } from '../../text/en.ts';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { Time } from '../../ui/time.tsx';
import { useSignedIn } from '../session/session.ts';

/** What only says that the machine went on; folded, so that what people did stands out. */
const noise = new Set(['access.read', 'note.read', 'step.retried', 'approval.used']);

type Item = TimelineEntry | { folded: number; seq: number };

/** Everything that happened to a task, oldest first. */
export function Timeline({ entries }: { entries: readonly TimelineEntry[] }) {
  const me = useSignedIn();
  return (
    <ol className="relative ml-1 border-line border-l">
      {fold(entries).map((item) => (
        <li key={item.seq} className="relative pb-3 pl-4 last:pb-0">
          {'folded' in item ? (
            <p className="text-muted text-note">{item.folded === 1 ? text.task.foldedOne : text.task.folded(item.folded)}</p>
          ) : (
            <>
              <span
                aria-hidden="true"
                className={`absolute top-1.5 -left-1 size-2 rounded-full ring-2 ring-bg ${item.actor.startsWith('user:') ? 'bg-accent' : 'bg-field'}`}
              />
              <p>
                <ForeignText value={item.text} cutAt={200} />
              </p>
              <p className="text-muted text-note">
                {capitalise(formatActor(item.actor, me.principal.actor))} · <Time at={item.at} />
              </p>
            </>
          )}
        </li>
      ))}
    </ol>
  );
}

function fold(entries: readonly TimelineEntry[]): Item[] {
  const items: Item[] = [];
  for (const entry of entries.toSorted((a, b) => a.seq - b.seq)) {
    const last = items.at(-1);
    if (!noise.has(entry.kind)) items.push(entry);
    else if (last && 'folded' in last) last.folded += 1;
    else items.push({ folded: 1, seq: entry.seq });
  }
  return items;
}
