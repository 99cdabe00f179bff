import { statusText as words } from '#text/status.ts';
import type { ProcessStatus } from '../../api/status.ts';
import { formatAmount, formatCount, formatDuration, formatShare } from '../../format.ts';
import { Badge } from '../../ui/badge.tsx';
import { Time } from '../../ui/time.tsx';
import { Figure } from '../status/figure.tsx';

const bytes = (n: number): string => formatAmount(n, 'bytes');

/** One process: who it is, whether it answers, what it does and did within the last hour. */
export function ProcessCard({ process: { host, pid, roles, startedAt, seenAt, isAlive, now, lines } }: { process: ProcessStatus }) {
  return (
    <article className="rounded-card border border-line p-3 sm:p-4">
      <div className="mb-3 flex flex-wrap items-center gap-x-3 gap-y-1">
        <h3 className="wrap-anywhere font-semibold">
          {words.process(pid)} <span className="font-normal text-muted">· {host}</span>
        </h3>
        <Badge tone={isAlive ? 'good' : 'bad'}>{isAlive ? words.alive : words.silent}</Badge>
        <span className="text-muted text-note">
          {roles.join(', ')} · {isAlive ? words.since : words.seen} <Time at={isAlive ? startedAt : seenAt} />
        </span>
      </div>
      <dl className="grid grid-cols-2 gap-2 lg:grid-cols-4">
        <Figure
          label={words.cpu}
          help={words.cpuHelp}
          value={formatShare(now.cpu)}
          note={words.runningNote(formatCount(now.tasksRunning))}
          line={lines.cpu}
          max={1}
        />
        <Figure
          label={words.memory}
          help={words.memoryHelp}
          value={bytes(now.residentBytes)}
          note={words.memoryNote(bytes(now.heapBytes))}
          line={lines.residentBytes}
        />
        <Figure
          label={words.latency}
          help={words.latencyHelp}
          value={now.p95Ms === null ? words.noRequests : formatDuration(now.p95Ms)}
          note={now.p50Ms === null || now.p99Ms === null ? null : words.latencyNote(formatDuration(now.p50Ms), formatDuration(now.p99Ms))}
          line={lines.p95Ms}
          max={50}
        />
        <Figure
          label={words.answers}
          help={words.answersHelp}
          value={words.perSecond(formatCount(now.requests))}
          note={now.faults > 0 ? words.faultsNote(formatCount(now.faults)) : words.noFaults}
          line={lines.requests}
          max={1}
        />
        <Figure label={words.loop} help={words.loopHelp} value={formatDuration(now.loopDelayMs)} line={lines.loopDelayMs} max={50} />
        <Figure
          label={words.tasks}
          help={words.tasksHelp}
          value={words.perMinute(formatCount(now.tasksPerMinute))}
          line={lines.tasksPerMinute}
          max={5}
        />
        <Figure
          label={words.pool}
          help={words.poolHelp}
          value={words.poolOf(formatCount(now.poolBusy), formatCount(now.poolMax))}
          note={now.poolWaiting > 0 ? words.poolWaiting(formatCount(now.poolWaiting)) : null}
        />
        <Figure label={words.audit} help={words.audit} value={words.perSecond(formatCount(now.auditEntries))} />
      </dl>
    </article>
  );
}
