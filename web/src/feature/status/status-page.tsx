import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { statusText as words } from '#text/status.ts';
import type { Connection } from '../../api/connections.ts';
import type { TenantStatus } from '../../api/status.ts';
import { formatCount, formatDuration } from '../../format.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { linkClass } from '../../ui/link.ts';
import { Page, Section } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';
import { Help } from '../help/help.tsx';
import { useSignedIn } from '../session/session.ts';
import { Figure, Figures } from './figure.tsx';
import { connectionHealthQuery, modelInForceQuery, statusQuery, useRefetch } from './queries.ts';
import { Verdict } from './verdict.tsx';

/** From when on a wait is worth a word. */
const lateMs = 5 * 60_000;
const auditLateMs = 60_000;

/** How a tenant's work is doing right now. */
export default function StatusPage() {
  const { permissions } = useSignedIn();
  const refetch = useRefetch();
  const status = useQuery({ ...statusQuery, ...refetch });
  const connections = useQuery({ ...connectionHealthQuery, ...refetch, enabled: permissions.includes('connection:read') });
  const model = useQuery({ ...modelInForceQuery, enabled: permissions.includes('settings:read') });
  return (
    <Page title={words.title} help={<Help topic="status" />}>
      <p className="-mt-3 mb-5 text-muted">{words.intro}</p>
      {status.error && !status.data && <ErrorBox error={status.error} onRetry={status.refetch} />}
      {status.isPending && <Skeleton rows={5} />}
      {status.data && (
        <>
          <Verdict well={words.well} wellText={words.wellText} concerns={concernsOf(status.data, connections.data?.items ?? [])} />
          <Work status={status.data} />
          {permissions.includes('connection:read') && (
            <Section
              title={words.connections}
              side={
                <Link to="/settings/connections" className={linkClass}>
                  {words.connectionsAll}
                </Link>
              }
            >
              {connections.error && !connections.data && <ErrorBox error={connections.error} onRetry={connections.refetch} />}
              {connections.isPending && <Skeleton rows={2} />}
              {connections.data?.items.length === 0 && <p className="px-4 py-3 text-muted">{words.connectionsNone}</p>}
              <ul className="divide-y divide-line empty:hidden">
                {connections.data?.items.map((connection) => (
                  <ConnectionHealth key={connection.id} connection={connection} />
                ))}
              </ul>
            </Section>
          )}
          <Planning status={status.data} inForce={model.data?.inForce} />
          <Section title={words.audit}>
            <p className="px-4 py-3">
              {status.data.audit.pending === 0
                ? words.auditNow
                : words.auditBehind(formatCount(status.data.audit.pending), formatDuration(status.data.audit.lagMs))}
            </p>
          </Section>
        </>
      )}
    </Page>
  );
}

function Work({ status: { tasks } }: { status: TenantStatus }) {
  const { approval, question, unknown, quota } = tasks.waiting;
  return (
    <>
      <Figures>
        <Figure label={words.queue} help={words.queueHelp} value={formatCount(tasks.due)} line={tasks.line} max={5} />
        <Figure label={words.running} help={words.runningHelp} value={formatCount(tasks.running)} />
        <Figure
          label={words.oldest}
          help={words.oldestHelp}
          value={tasks.oldestAt ? <Time at={tasks.oldestAt} /> : words.unknown}
          note={tasks.oldestAt ? null : words.nothing}
        />
        <Figure
          label={words.people}
          help={words.peopleHelp}
          value={formatCount(approval + question + unknown)}
          note={words.peopleParts(approval, question, unknown)}
        />
      </Figures>
      <Section title={words.hour}>
        <p className="px-4 py-3">
          {words.hourText(formatCount(tasks.received), formatCount(tasks.ended), formatCount(tasks.failed))}
          {quota > 0 && ` · ${words.quota(quota)}`}
        </p>
      </Section>
    </>
  );
}

const tones: Record<keyof typeof words.states, Tone> = { active: 'good', failing: 'warn', broken: 'bad', paused: 'neutral' };

const stateOf = ({ state, health }: Connection): keyof typeof words.states =>
  state === 'active' && health.failures > 0 ? 'failing' : state;

function ConnectionHealth({ connection }: { connection: Connection }) {
  const { name, health } = connection;
  const state = stateOf(connection);
  return (
    <li className="px-4 py-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span className="wrap-anywhere min-w-0 flex-1 font-medium">{name}</span>
        <Badge tone={tones[state]}>{words.states[state]}</Badge>
      </div>
      <p className="text-muted text-note">
        {health.lastSuccessAt ? (
          <>
            {words.last} <Time at={health.lastSuccessAt} />
          </>
        ) : (
          words.never
        )}
        {health.lagMs !== null && health.lagMs > lateMs && ` · ${words.lag(formatDuration(health.lagMs))}`}
      </p>
      {health.fault && <p className="wrap-anywhere mt-1 text-bad">{health.fault.message}</p>}
    </li>
  );
}

function Planning({ status: { planning }, inForce }: { status: TenantStatus; inForce: 'own' | 'installation' | 'none' | undefined }) {
  const state = inForce === 'none' ? 'none' : planning.modelFaults > 0 ? 'faults' : planning.byModel > 0 ? 'works' : 'idle';
  const tone: Tone = state === 'faults' ? 'warn' : state === 'works' ? 'good' : 'neutral';
  return (
    <Section title={words.planning}>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-3">
        <span className="min-w-0 flex-1 basis-48">
          <span className="block">{words.planned(formatCount(planning.plans), formatCount(planning.byModel))}</span>
          {planning.lastModelAt && (
            <span className="block text-muted text-note">
              {words.lastModel} <Time at={planning.lastModelAt} />
            </span>
          )}
        </span>
        {inForce && (
          <Badge tone={tone}>
            {words.model}: {words.modelStates[state]}
          </Badge>
        )}
      </div>
    </Section>
  );
}

/** What somebody should look at, the gravest first. */
function concernsOf({ at, tasks, planning, audit }: TenantStatus, connections: readonly Connection[]): string[] {
  const waitedMs = tasks.oldestAt ? Date.parse(at) - Date.parse(tasks.oldestAt) : 0;
  return [
    ...connections.filter((one) => stateOf(one) === 'broken').map(({ name }) => words.concerns.broken(name)),
    ...(tasks.waiting.unknown > 0 ? [words.concerns.unknown(tasks.waiting.unknown)] : []),
    ...(waitedMs > lateMs ? [words.concerns.late(formatDuration(waitedMs))] : []),
    ...(planning.modelFaults > 0 ? [words.concerns.model(planning.modelFaults)] : []),
    ...(audit.lagMs > auditLateMs ? [words.concerns.audit(formatDuration(audit.lagMs))] : []),
    ...connections.filter((one) => stateOf(one) === 'failing').map(({ name }) => words.concerns.failing(name)),
  ];
}
