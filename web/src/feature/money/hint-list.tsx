import { Lightbulb } from 'lucide-react';
import { moneyText } from '#text/money.ts';
import { Badge } from '../../ui/badge.tsx';
import { Empty } from '../../ui/feedback.tsx';
import { ForeignLine, ForeignText } from '../../ui/foreign-text.tsx';
import { ListCard, Row } from '../../ui/form/list-card.tsx';
import { Time } from '../../ui/time.tsx';
import { hintsQuery } from './queries.ts';

const words = moneyText;

/** What stands out among charges. */
export function HintList() {
  return (
    <ListCard
      query={hintsQuery}
      keyOf={({ id }) => id}
      empty={
        <Empty icon={<Lightbulb size={18} aria-hidden="true" />} title={words.noHints}>
          {words.noHintsText}
        </Empty>
      }
    >
      {({ kind, title, text, createdAt }) => (
        <Row
          title={<ForeignLine value={title} />}
          marks={<Badge tone={kind === 'unusual' ? 'warn' : 'neutral'}>{words.kinds[kind]}</Badge>}
          note={<ForeignText value={text} />}
          side={
            <span className="text-muted text-note">
              <Time at={createdAt} short />
            </span>
          }
        />
      )}
    </ListCard>
  );
}
