import { useState } from 'react';
import { changesText } from '#text/changes.ts';
import type { ConfigurationChange } from '../../api/policies.ts';
import { Disclosure } from '../../ui/disclosure.tsx';
import { ListCard } from '../../ui/form/list-card.tsx';
import { ChangeRow, Restoring } from './change-row.tsx';
import { ownParts } from './own-parts.ts';
import { type OwnTopic, ownChangesQuery } from './queries.ts';

const words = changesText.own;

/** What the reader has last changed for themselves, folded until asked for, with the way back. */
export function OwnChanges({ topics }: { topics: readonly OwnTopic[] }) {
  const [restoring, setRestoring] = useState<ConfigurationChange | null>(null);
  return (
    <div className="mt-3">
      <Disclosure summary={words.title} later>
        <ListCard
          query={ownChangesQuery(topics)}
          keyOf={({ id }) => id}
          rows={2}
          empty={<p className="px-4 py-4 text-muted">{words.none}</p>}
        >
          {(change) => (
            <ChangeRow change={change} parts={ownParts} author={null} onRestore={change.restorable ? () => setRestoring(change) : null} />
          )}
        </ListCard>
        {restoring && (
          <Restoring
            change={restoring}
            parts={ownParts}
            path="/me/changes"
            // Who is signed in comes with how they like to see things, and that is shown at once (feature/session/session.ts).
            refresh={['own-changes', 'notice-rules', 'me']}
            onClose={() => setRestoring(null)}
          />
        )}
      </Disclosure>
    </div>
  );
}
