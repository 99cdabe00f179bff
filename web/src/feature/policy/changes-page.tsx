import { History } from 'lucide-react';
import { useState } from 'react';
import { changesText } from '#text/changes.ts';
import { settingsText } from '#text/settings.ts';
import type { ConfigurationChange } from '../../api/policies.ts';
import type { Json } from '../../api/types.ts';
import { formatAmount } from '../../format.ts';
import { useNames } from '../approval/people.ts';
import { ChangeRow, type PartWords, Restoring } from '../change/change-row.tsx';
import { changesQuery } from '../change/queries.ts';
import { ListPage } from '../settings/list-page.tsx';
import { useMay } from '../settings/topics.tsx';

const words = changesText;
const { dayNames } = settingsText.general;

/** What was changed in the configuration, and the way back. */
export default function ChangesPage() {
  const [restoring, setRestoring] = useState<ConfigurationChange | null>(null);
  const maySettings = useMay('settings:write');
  const mayPolicies = useMay('policy:write');
  const nameFor = useNames();
  return (
    <ListPage
      topic="changes"
      words={{ ...words, new: '' }}
      icon={History}
      query={changesQuery}
      row={(change) => (
        <ChangeRow
          change={change}
          parts={parts}
          author={nameFor(change.author)}
          onRestore={change.restorable && maySettings && (change.topic !== 'policy' || mayPolicies) ? () => setRestoring(change) : null}
        />
      )}
      onNew={false}
    >
      {restoring && (
        <Restoring
          change={restoring}
          parts={parts}
          path="/settings/history"
          refresh={['changes', 'settings', 'policy', 'me', 'connections', 'model']}
          onClose={() => setRestoring(null)}
        />
      )}
    </ListPage>
  );
}

const nameOf = (name: string): string =>
  name.startsWith('settings.') ? words.ofConnection(name.slice('settings.'.length)) : (words.names[name] ?? name);

const parts: PartWords = { nameOf, shownAs };

/** Of the numbers that are no plain counts. */
const units: Record<string, string> = { modelMicrosPerDay: 'micro-usd', modelMicrosPerMonth: 'micro-usd', vaultBytes: 'bytes' };

/** A value as people read it; what has parts is written out. */
function shownAs(value: Json, name = ''): string {
  if (value === null) return words.nothing;
  if (typeof value === 'number') return formatAmount(value, units[name] ?? '');
  if (name === 'state') return words.values[String(value)] ?? String(value);
  if (typeof value === 'boolean') return value ? words.yes : words.no;
  if (Array.isArray(value)) return value.map((one) => shownAs(one)).join(', ');
  if (typeof value !== 'object') return String(value);
  const { days, from, to } = value;
  if (Array.isArray(days))
    return words.hours(days.map((day) => dayNames[Number(day)] ?? '').join(', '), shownAs(from ?? null), shownAs(to ?? null));
  return Object.values(value)
    .flatMap((one) => (one === null || one === undefined ? [] : [shownAs(one)]))
    .join(', ');
}
