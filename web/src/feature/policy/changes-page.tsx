import { History } from 'lucide-react';
import { useState } from 'react';
import { policiesText } from '#text/policies.ts';
import { settingsText } from '#text/settings.ts';
import { post } from '../../api/client.ts';
import type { ConfigurationChange } from '../../api/policies.ts';
import type { Json } from '../../api/types.ts';
import { formatActor, formatExact } from '../../format.ts';
import { Button } from '../../ui/button.tsx';
import { Confirm } from '../../ui/form/confirm.tsx';
import { Row } from '../../ui/form/list-card.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { Time } from '../../ui/time.tsx';
import { useSignedIn } from '../session/session.ts';
import { ListPage } from '../settings/list-page.tsx';
import { useMay } from '../settings/topics.tsx';
import { changesQuery } from './queries.ts';

const words = policiesText.changes;
const { dayNames } = settingsText.general;

/** What was changed in the configuration, and the way back. */
export default function ChangesPage() {
  const [restoring, setRestoring] = useState<ConfigurationChange | null>(null);
  const maySettings = useMay('settings:write');
  const mayPolicies = useMay('policy:write');
  return (
    <ListPage
      topic="changes"
      words={{ ...words, new: '' }}
      icon={History}
      query={changesQuery}
      row={(change) => (
        <ChangeRow
          change={change}
          onRestore={change.restorable && maySettings && (change.topic !== 'policy' || mayPolicies) ? () => setRestoring(change) : null}
        />
      )}
      onNew={false}
    >
      {restoring && <Restoring change={restoring} onClose={() => setRestoring(null)} />}
    </ListPage>
  );
}

function ChangeRow({ change, onRestore }: { change: ConfigurationChange; onRestore: (() => void) | null }) {
  const me = useSignedIn();
  const topic = words.topics[change.topic] ?? change.topic;
  return (
    <Row
      title={topic}
      note={
        <>
          <ul>
            {change.changes.map(({ name, before, after }) => (
              <li key={name} className="text-ink">
                {words.fromTo(nameOf(name), shownAs(before), shownAs(after))}
              </li>
            ))}
          </ul>
          {words.by(formatActor(change.author, me.principal.actor))} · <Time at={change.at} />
        </>
      }
      side={
        onRestore && (
          <Button size="small" aria-label={words.restoreLabel(topic, formatExact(change.at))} onClick={onRestore}>
            {words.restore}
          </Button>
        )
      }
    />
  );
}

function Restoring({ change, onClose }: { change: ConfigurationChange; onClose: () => void }) {
  const restore = useAct(() => post(`/settings/history/${encodeURIComponent(change.id)}/restore`), {
    refresh: ['changes', 'settings', 'policy', 'me'],
    said: words.restored,
  });
  return (
    <Confirm title={words.restoreTitle} action={words.restoreAction} onClose={onClose} onConfirm={() => restore.mutateAsync()}>
      <p className="mb-2">{words.restoreText}</p>
      <ul className="list-disc pl-5 text-ink">
        {change.changes.map(({ name, before }) => (
          <li key={name}>
            {nameOf(name)}: {shownAs(before)}
          </li>
        ))}
      </ul>
    </Confirm>
  );
}

const nameOf = (name: string): string => words.names[name] ?? name;

/** A value as people read it; what has parts is written out. */
function shownAs(value: Json): string {
  if (value === null) return words.nothing;
  if (typeof value === 'boolean') return value ? words.yes : words.no;
  if (Array.isArray(value)) return value.map(shownAs).join(', ');
  if (typeof value !== 'object') return String(value);
  const { days, from, to } = value;
  if (Array.isArray(days))
    return words.hours(days.map((day) => dayNames[Number(day)] ?? '').join(', '), shownAs(from ?? null), shownAs(to ?? null));
  return Object.values(value).map(shownAs).join(', ');
}
