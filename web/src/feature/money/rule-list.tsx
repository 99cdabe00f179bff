import { useQuery } from '@tanstack/react-query';
import { ArrowDown, ArrowUp, ListFilter } from 'lucide-react';
import { useState } from 'react';
import { moneyText } from '#text/money.ts';
import type { LedgerRule, LedgerRules } from '../../api/ledger.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { Empty, ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { ForeignLine } from '../../ui/foreign-text.tsx';
import { Row } from '../../ui/form/list-card.tsx';
import { NewButton } from '../../ui/form/new-button.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { formatCalendarDay } from './amount.ts';
import { RuleDialog } from './rule-dialog.tsx';
import { conditionsOf, rulesQuery, saveRules, trialQuery } from './rules.ts';

const words = moneyText.rules;

/** The rules that give categories, in their order, and how much of what was booked each would decide. */
export function RuleList({ mayWrite }: { mayWrite: boolean }) {
  const saved = useQuery(rulesQuery);
  if (saved.error && !saved.data) return <ErrorBox error={saved.error} onRetry={saved.refetch} />;
  if (saved.data === undefined) return <Skeleton rows={4} />;
  return <Loaded saved={saved.data} mayWrite={mayWrite} />;
}

function Loaded({ saved, mayWrite }: { saved: LedgerRules; mayWrite: boolean }) {
  const { rules } = saved;
  /** The place of the rule that is edited; behind the last one: a new one. */
  const [edited, setEdited] = useState<number | null>(null);
  const trial = useQuery({ ...trialQuery(rules), enabled: rules.length > 0 }).data;
  const save = useAct((next: readonly LedgerRule[]) => saveRules(saved, next), {
    refresh: ['ledger'],
    said: moneyText.saved,
    toastsErrors: true,
  });
  const move = (at: number, by: 1 | -1) => {
    const rule = rules[at];
    if (rule) save.mutate(rules.toSpliced(at, 1).toSpliced(at + by, 0, rule));
  };
  return (
    <>
      <div className="mb-4 flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <p className="min-w-0 flex-1 basis-64 text-muted">{words.intro}</p>
        {mayWrite && <NewButton small label={words.make} onClick={() => setEdited(rules.length)} />}
      </div>
      <div className="overflow-hidden rounded-card border border-line bg-panel">
        {rules.length === 0 && (
          <Empty icon={<ListFilter size={18} aria-hidden="true" />} title={words.none}>
            {words.noneText}
          </Empty>
        )}
        <ol className="divide-y divide-line empty:hidden">
          {rules.map((rule, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a rule is its place, and two can be alike
            <li key={at}>
              <Row
                title={<ForeignLine value={rule.category} />}
                marks={rule.event === true && <Badge>{words.isEvent}</Badge>}
                note={
                  <>
                    <ForeignLine value={conditionsOf(rule).join(' · ')} />
                    {trial && <p>{words.would(trial.matched[at] ?? 0, trial.looked)}</p>}
                  </>
                }
                side={
                  mayWrite && (
                    <>
                      <IconButton
                        label={words.up(rule.category)}
                        disabled={at === 0 || save.isPending}
                        onClick={() => move(at, -1)}
                        className="disabled:opacity-40"
                      >
                        <ArrowUp size={14} aria-hidden="true" />
                      </IconButton>
                      <IconButton
                        label={words.down(rule.category)}
                        disabled={at === rules.length - 1 || save.isPending}
                        onClick={() => move(at, 1)}
                        className="disabled:opacity-40"
                      >
                        <ArrowDown size={14} aria-hidden="true" />
                      </IconButton>
                      <Button size="small" aria-label={words.editLabel(rule.category)} onClick={() => setEdited(at)}>
                        {words.edit}
                      </Button>
                    </>
                  )
                }
              />
            </li>
          ))}
        </ol>
      </div>
      {trial?.since && <p className="mt-2 text-muted text-note">{words.looked(trial.looked, formatCalendarDay(trial.since))}</p>}
      {edited !== null && <RuleDialog saved={saved} at={edited} onClose={() => setEdited(null)} />}
    </>
  );
}
