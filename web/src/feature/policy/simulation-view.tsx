import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { policiesText } from '#text/policies.ts';
import type { PolicyDraft, PolicySimulation, SimulatedCase, Unjudged } from '../../api/policies.ts';
import type { Verdict } from '../../api/types.ts';
import { formatCount } from '../../format.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { ErrorBox, Notice, Skeleton } from '../../ui/feedback.tsx';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { Time } from '../../ui/time.tsx';
import { formatCalendarDay } from '../money/amount.ts';
import { simulationQuery } from './queries.ts';

const words = policiesText.simulation;
const verdicts = ['auto', 'ask', 'deny'] as const;

/** What a text would have done with past decisions: how many, from when, which could not be judged, and what would be otherwise. */
export function SimulationView({ draft }: { draft: PolicyDraft }) {
  const simulation = useQuery(simulationQuery(draft));
  return (
    <section>
      <h3 className="mb-2 font-semibold">{words.title}</h3>
      {simulation.error && <ErrorBox error={simulation.error} onRetry={simulation.refetch} />}
      {simulation.isPending && (
        <>
          <p role="status" className="text-muted">
            {words.running}
          </p>
          <Skeleton rows={3} height="h-9" />
        </>
      )}
      {simulation.data && <Result simulation={simulation.data} />}
    </section>
  );
}

function Result({ simulation }: { simulation: PolicySimulation }) {
  const { lookedAt, judged, changed, cases, noLongerAsked, demands, before, after } = simulation;
  if (lookedAt === 0)
    return (
      <p className="text-muted">
        {words.none}. {words.noneText}
      </p>
    );
  return (
    <>
      {noLongerAsked.rejected > 0 && (
        <Notice tone="bad" role="alert">
          {words.rejected(noLongerAsked.rejected)}
        </Notice>
      )}
      {judged > 0 && <Table before={before} after={after} />}
      {demands.more > 0 && <p className="mt-2">{words.more(demands.more)}.</p>}
      {demands.less > 0 && <p className="mt-2 text-bad">{words.less(demands.less)}.</p>}
      {noLongerAsked.approved > 0 && <p className="mt-2">{words.spared(noLongerAsked.approved)}.</p>}
      {judged > 0 && changed === 0 && demands.more + demands.less === 0 && <p className="mt-2 text-muted">{words.nothing}</p>}
      <Basis simulation={simulation} />
      {changed > 0 && (
        <>
          <h4 className="mt-4 mb-1 font-semibold">{words.cases}</h4>
          {cases.length === 0 && <p className="text-muted">{words.noCases}</p>}
          {cases.length > 0 && cases.length < changed && (
            <p className="mb-1 text-muted text-note">{words.casesOf(cases.length, changed)}</p>
          )}
          <ul className="divide-y divide-line rounded-card border border-line empty:hidden">
            {cases.map((one) => (
              <Case key={`${one.taskId} ${one.approvalId} ${one.at} ${one.headline}`} one={one} />
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function Table({ before, after }: { before: Record<Verdict, number>; after: Record<Verdict, number> }) {
  return (
    <table className="w-full tabular-nums" aria-label={words.tableLabel}>
      <thead>
        <tr className="border-line border-b text-left text-muted text-note">
          <th scope="col" className="py-1.5 pr-3 font-medium">
            {words.outcome}
          </th>
          <th scope="col" className="px-2 py-1.5 text-right font-medium">
            {words.today}
          </th>
          <th scope="col" className="px-2 py-1.5 text-right font-medium">
            {words.withThese}
          </th>
          <th scope="col" className="py-1.5 pl-2 text-right font-medium">
            {words.difference}
          </th>
        </tr>
      </thead>
      <tbody>
        {verdicts.map((verdict) => (
          <tr key={verdict} className="border-line border-b last:border-b-0">
            <th scope="row" className="py-1.5 pr-3 text-left font-normal">
              {words.verdicts[verdict]}
            </th>
            <td className="px-2 py-1.5 text-right">{formatCount(before[verdict])}</td>
            <td className="px-2 py-1.5 text-right font-medium">{formatCount(after[verdict])}</td>
            <td className="py-1.5 pl-2 text-right">{signed(after[verdict] - before[verdict])}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What all this rests on, and what nobody can say. */
function Basis({ simulation: { lookedAt, judged, from, until, cutBy, unjudged } }: { simulation: PolicySimulation }) {
  const reasons = Object.entries(unjudged).filter(([, count]) => count > 0);
  const sum = reasons.reduce((all, [, count]) => all + count, 0);
  const day = (at: string | null) => (at === null ? '' : formatCalendarDay(at.slice(0, 10)));
  return (
    <div className="mt-3 text-muted text-note">
      <p>
        {words.lookedAt(lookedAt, day(from), day(until))} {words.judged(judged)} {cutBy !== null && words.cutBy[cutBy]}
      </p>
      {sum > 0 && (
        <>
          <p className="mt-1">{words.unjudged(sum)}</p>
          <ul className="list-disc pl-5">
            {reasons.map(([reason, count]) => (
              // The keys of the record are the reasons that the server has.
              <li key={reason}>{words.reasons[reason as Unjudged](count)}</li>
            ))}
          </ul>
        </>
      )}
      <p className="mt-1">{words.limits}</p>
    </div>
  );
}

const tones: Record<Verdict, Tone> = { auto: 'accent', ask: 'warn', deny: 'bad' };

function Case({ one: { taskId, headline, at, before, after, answer, reasons } }: { one: SimulatedCase }) {
  return (
    <li className="px-3 py-2">
      <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <Link
          to="/tasks/$taskId"
          params={{ taskId }}
          className="wrap-anywhere min-w-0 flex-1 basis-48 font-medium underline-offset-2 hover:underline"
        >
          <ForeignText value={headline} cutAt={200} />
        </Link>
        <Badge tone={tones[after]}>{words.becomes(words.verdicts[before], words.verdicts[after])}</Badge>
      </div>
      <p className="wrap-anywhere text-muted text-note">
        <Time at={at} />
        {answer !== null && <> · {words.answers[answer] ?? answer}</>}
        {after !== 'auto' && reasons[0] !== undefined && <> · {reasons[0].text}</>}
      </p>
    </li>
  );
}

const signed = (n: number): string => (n === 0 ? '0' : n > 0 ? `+${formatCount(n)}` : `−${formatCount(-n)}`);
