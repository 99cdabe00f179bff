import { changesText } from '#text/changes.ts';
import { post } from '../../api/client.ts';
import type { ConfigurationChange } from '../../api/policies.ts';
import type { Json } from '../../api/types.ts';
import { formatExact } from '../../format.ts';
import { Button } from '../../ui/button.tsx';
import { Confirm } from '../../ui/form/confirm.tsx';
import { Row } from '../../ui/form/list-card.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { Time } from '../../ui/time.tsx';

const words = changesText;

/** How the parts of a change are said. */
export interface PartWords {
  nameOf: (name: string) => string;
  shownAs: (value: Json, name: string) => string;
}

interface ChangeRowProps {
  change: ConfigurationChange;
  parts: PartWords;
  /** Who made it; null where that goes without saying. */
  author: string | null;
  onRestore: (() => void) | null;
}

/** One change: what it was about, from what to what, when, and the way back. */
export function ChangeRow({ change, parts: { nameOf, shownAs }, author, onRestore }: ChangeRowProps) {
  const topic = topicOf(change);
  const why = change.obstacle === null ? undefined : words.obstacles[change.obstacle];
  return (
    <Row
      title={topic}
      note={
        <>
          <ul>
            {change.changes.map(({ name, before, after }) => (
              <li key={name} className="text-ink">
                {name === 'credentials'
                  ? words.about(nameOf(name), shownAs(after, ''))
                  : words.fromTo(nameOf(name), shownAs(before, name), shownAs(after, name))}
              </li>
            ))}
          </ul>
          {why && <p className="mt-1">{why}</p>}
          {author !== null && `${words.by(author)} · `}
          <Time at={change.at} />
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

interface RestoringProps {
  change: ConfigurationChange;
  parts: PartWords;
  /** Where the change lies on the server. */
  path: string;
  /** First parts of the keys of what may be another then. */
  refresh: readonly string[];
  onClose: () => void;
}

/** Asks before what was there is set again. */
export function Restoring({ change, parts: { nameOf, shownAs }, path, refresh, onClose }: RestoringProps) {
  const restore = useAct(() => post(`${path}/${encodeURIComponent(change.id)}/restore`), { refresh, said: words.restored });
  const restored = change.changes.filter(({ name }) => name !== 'credentials');
  return (
    <Confirm title={words.restoreTitle} action={words.restoreAction} onClose={onClose} onConfirm={() => restore.mutateAsync()}>
      <p className="mb-2">{words.restoreText}</p>
      <ul className="list-disc pl-5 text-ink">
        {restored.map(({ name, before }) => (
          <li key={name}>{words.about(nameOf(name), shownAs(before, name))}</li>
        ))}
      </ul>
      {restored.length < change.changes.length && <p className="mt-2">{words.credentialsStay}</p>}
    </Confirm>
  );
}

const topicOf = ({ topic, subject }: ConfigurationChange): string =>
  subject === null ? (words.topics[topic] ?? topic) : words.about(words.topics[topic] ?? topic, subject);
