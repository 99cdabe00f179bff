import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { statusText as words } from '#text/status.ts';
import type { SystemStatus } from '../../api/status.ts';
import { formatCount, formatDuration } from '../../format.ts';
import { ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { linkClass } from '../../ui/link.ts';
import { Page, Section } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';
import { Help } from '../help/help.tsx';
import { Figure, Figures } from '../status/figure.tsx';
import { systemQuery, useRefetch } from '../status/queries.ts';
import { Verdict } from '../status/verdict.tsx';
import { OnlyOperators } from './only-operators.tsx';
import { ProcessCard } from './process-card.tsx';

const lateMs = 5 * 60_000;
const auditLateMs = 60_000;
const backupOldMs = 2 * 86_400_000;
/** A process that is this late with what is due has more than it can do. */
const busyMs = 500;

/** How the installation is doing, at a glance and process by process. */
export default function SystemPage() {
  return (
    <OnlyOperators>
      <System />
    </OnlyOperators>
  );
}

function System() {
  const system = useQuery({ ...systemQuery, ...useRefetch() });
  return (
    <Page title={words.system} help={<Help topic="system" />} width="wide">
      {system.error && !system.data && <ErrorBox error={system.error} onRetry={system.refetch} />}
      {system.isPending && <Skeleton rows={6} />}
      {system.data && (
        <>
          <Verdict well={words.systemWell} wellText={words.systemWellText} concerns={concernsOf(system.data)} />
          <Summary system={system.data} />
          <Section title={words.processes} card={false}>
            {system.data.processes.length === 0 && <p className="text-muted">{words.processesNone}</p>}
            <ul className="space-y-3">
              {system.data.processes.map((process) => (
                <li key={process.id}>
                  <ProcessCard process={process} />
                </li>
              ))}
            </ul>
          </Section>
          <TenantQueues system={system.data} />
        </>
      )}
    </Page>
  );
}

function Summary({ system: { processes, queue, audit, lastBackupAt } }: { system: SystemStatus }) {
  const alive = processes.filter(({ isAlive }) => isAlive);
  const sum = (read: (process: SystemStatus['processes'][number]) => number) => alive.reduce((total, process) => total + read(process), 0);
  const p95 = alive.flatMap(({ now }) => (now.p95Ms === null ? [] : [now.p95Ms]));
  const lines = <K extends keyof SystemStatus['processes'][number]['lines']>(name: K) => alive.map(({ lines: all }) => all[name]);
  return (
    <Figures>
      <Figure
        label={words.answers}
        help={words.answersHelp}
        value={words.perSecond(formatCount(sum(({ now }) => now.requests)))}
        line={addUp(lines('requests'))}
        max={1}
      />
      <Figure
        label={words.slowest}
        help={words.slowestHelp}
        value={p95.length > 0 ? formatDuration(Math.max(...p95)) : words.noRequests}
        line={highest(lines('p95Ms'))}
        max={50}
      />
      <Figure
        label={words.tasks}
        help={words.tasksHelp}
        value={words.perMinute(formatCount(sum(({ now }) => now.tasksPerMinute)))}
        line={addUp(lines('tasksPerMinute'))}
        max={5}
      />
      <Figure
        label={words.queue}
        help={words.queueHelp}
        value={formatCount(queue.due)}
        note={
          queue.oldestAt ? (
            <>
              {words.oldest} <Time at={queue.oldestAt} />
            </>
          ) : (
            words.nothing
          )
        }
        line={queue.line.map((value) => value ?? 0)}
        max={5}
      />
      <Figure label={words.running} help={words.runningHelp} value={formatCount(queue.running)} />
      <Figure
        label={words.audit}
        help={words.auditBehind(formatCount(audit.pending), formatDuration(audit.lagMs))}
        value={audit.pending === 0 ? words.auditNow : formatDuration(audit.lagMs)}
      />
      <Figure
        label={words.processes}
        help={words.processes}
        value={words.poolOf(formatCount(alive.length), formatCount(processes.length))}
        note={words.alive}
      />
      <Figure label={words.backup} help={words.backup} value={lastBackupAt ? <Time at={lastBackupAt} /> : words.backupNever} />
    </Figures>
  );
}

function TenantQueues({ system: { queue } }: { system: SystemStatus }) {
  return (
    <Section title={words.byTenant}>
      {queue.tenants.length === 0 && <p className="px-4 py-3 text-muted">{words.byTenantNone}</p>}
      <ul className="divide-y divide-line empty:hidden">
        {queue.tenants.map(({ id, name, title, due, running, oldestAt }) => (
          <li key={id} className="flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2.5">
            <Link to="/operator/tenants/$tenantId" params={{ tenantId: id }} className={`${linkClass} wrap-anywhere min-w-0 flex-1`}>
              {title === name ? name : `${title} (${name})`}
            </Link>
            <span className="tabular-nums">
              {formatCount(due)} <span className="text-muted">{words.due}</span>
            </span>
            <span className="tabular-nums">
              {formatCount(running)} <span className="text-muted">{words.inProgress}</span>
            </span>
            <span className="text-muted text-note">{oldestAt ? <Time at={oldestAt} /> : words.nothing}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

type Line = readonly (number | null)[];

/** Point by point over several lines; null where none of them knows anything. */
const join = (lines: readonly Line[], of: (values: number[]) => number): (number | null)[] =>
  (lines[0] ?? []).map((_, at) => {
    const known = lines.flatMap((line) => (line[at] == null ? [] : [line[at]]));
    return known.length === 0 ? null : of(known);
  });
const addUp = (lines: readonly Line[]) => join(lines, (values) => values.reduce((total, value) => total + value, 0));
const highest = (lines: readonly Line[]) => join(lines, (values) => Math.max(...values));

/** What somebody should look at, the gravest first. */
function concernsOf({ at, processes, queue, audit, connections, lastBackupAt, alarms }: SystemStatus): string[] {
  const say = words.systemConcerns;
  const nowMs = Date.parse(at);
  const waitedMs = queue.oldestAt ? nowMs - Date.parse(queue.oldestAt) : 0;
  const each = (when: (process: SystemStatus['processes'][number]) => boolean, sentence: (host: string, pid: number) => string) =>
    processes.filter(when).map(({ host, pid }) => sentence(host, pid));
  return [
    ...each(({ isAlive }) => !isAlive, say.silent),
    ...each(({ isAlive, now }) => isAlive && now.faults > 0, say.faults),
    ...each(({ isAlive, now }) => isAlive && now.poolWaiting > 0, say.pool),
    ...each(({ isAlive, now }) => isAlive && now.loopDelayMs > busyMs, say.busy),
    ...(waitedMs > lateMs ? [say.late(formatDuration(waitedMs))] : []),
    ...(audit.lagMs > auditLateMs ? [say.audit(formatDuration(audit.lagMs))] : []),
    ...((connections.broken ?? 0) > 0 ? [say.connections(connections.broken ?? 0)] : []),
    ...(lastBackupAt === null ? [say.backupNever] : nowMs - Date.parse(lastBackupAt) > backupOldMs ? [say.backupOld] : []),
    // The others are said above, as they are at this moment.
    ...alarms.flatMap(({ kind }) => (kind === 'backup_failed' ? [say.backupFailed] : kind === 'mail_away' ? [say.mailAway] : [])),
  ];
}
