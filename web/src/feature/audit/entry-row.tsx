import { Link } from '@tanstack/react-router';
import { Bot, User } from 'lucide-react';
import { useEffect, useRef } from 'react';
import type { AuditEntry } from '../../api/types.ts';
import { capitalise, formatActor } from '../../format.ts';
import { ForeignLine } from '../../ui/foreign-text.tsx';
import { Time } from '../../ui/time.tsx';
import { useSignedIn } from '../session/session.ts';
import { ProofPanel } from './proof-panel.tsx';

interface EntryRowProps {
  entry: AuditEntry;
  isOpen: boolean;
  /** The filter to keep in the address. */
  task: string | undefined;
}

/** One fact. Pressing it opens the proof below it; the address names the open one. */
export function EntryRow({ entry, isOpen, task }: EntryRowProps) {
  const me = useSignedIn();
  const element = useRef<HTMLLIElement>(null);
  const isPerson = /^(user|operator|key):/.test(entry.actor);
  const wasOpenAtFirst = useRef(isOpen);
  useEffect(() => {
    if (wasOpenAtFirst.current) element.current?.scrollIntoView({ block: 'center' });
  }, []);
  return (
    <li ref={element} data-row>
      <Link
        to="/audit"
        search={{ ...(task && { task }), ...(!isOpen && { entry: entry.seq }) }}
        replace
        resetScroll={false}
        data-row-link
        aria-expanded={isOpen}
        className="flex min-h-12 items-center gap-3 px-4 py-1.5 -outline-offset-2 transition-colors duration-100 hover:bg-hover"
      >
        <span className="w-10 shrink-0 text-right font-mono text-muted text-note">{entry.seq}</span>
        <span className="shrink-0 text-muted">
          {isPerson ? <User size={15} aria-hidden="true" className="text-accent" /> : <Bot size={15} aria-hidden="true" />}
        </span>
        <span className="min-w-0 flex-1">
          <span className="line-clamp-2 sm:line-clamp-1">
            <ForeignLine value={entry.text} />
          </span>
          <span className="block truncate text-muted text-note">
            {capitalise(formatActor(entry.actor, me.principal.actor))} · <span className="font-mono">{entry.kind}</span>
          </span>
        </span>
        <span className="shrink-0 text-muted text-note">
          <Time at={entry.at} short />
        </span>
      </Link>
      {isOpen && <ProofPanel entry={entry} />}
    </li>
  );
}
