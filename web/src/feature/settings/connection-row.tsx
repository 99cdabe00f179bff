import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Pause, Play, RefreshCw, Trash2 } from 'lucide-react';
import { connectionsText } from '#text/connections.ts';
import { post } from '../../api/client.ts';
import type { Connection, ConnectorKind, Trial } from '../../api/connections.ts';
import { formatCount } from '../../format.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { describeError } from '../../ui/feedback.tsx';
import { Row } from '../../ui/form/list-card.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { linkClass } from '../../ui/link.ts';
import { RowMenu } from '../../ui/row-menu.tsx';
import { Time } from '../../ui/time.tsx';
import { type DocPage, isDocPage } from '../help/pages.ts';

const words = connectionsText.connections;
const tones: Record<Connection['state'], Tone> = { active: 'good', paused: 'neutral', broken: 'bad' };

interface ConnectionRowProps {
  connection: Connection;
  kind: ConnectorKind | undefined;
  mayChange: boolean;
  onChange: () => void;
  onRemove: () => void;
}

export const pathOf = ({ id }: Connection) => `/connections/${encodeURIComponent(id)}`;

/** One connection: how it is doing, what came of trying it, and what is to be done when it does not work. */
export function ConnectionRow({ connection, kind, mayChange, onChange, onRemove }: ConnectionRowProps) {
  const { name, state, health } = connection;
  const act = { refresh: ['connections', 'changes'], toastsErrors: true };
  const pause = useAct(() => post(`${pathOf(connection)}/pause`), { ...act, said: words.paused });
  const resume = useAct(() => post(`${pathOf(connection)}/resume`), { ...act, said: words.resumed });
  const poll = useAct(() => post(`${pathOf(connection)}/poll`), { ...act, said: words.polled });
  const trial = useMutation({
    mutationFn: async () => {
      const begun = performance.now();
      const found = await post<Trial>(`${pathOf(connection)}/test`);
      return { ...found, tookMs: performance.now() - begun };
    },
  });
  const isFailing = state === 'active' && health.failures > 0;
  const isBroken = state === 'broken';
  return (
    <Row
      title={name}
      marks={<Badge tone={isFailing ? 'warn' : tones[state]}>{isFailing ? words.isFailing : words.states[state]}</Badge>}
      note={
        <>
          <Facts connection={connection} kind={kind} />
          {health.fault && state !== 'paused' && (
            <div className="mt-1.5">
              <p className="text-bad">{health.fault.message}</p>
              <p className="text-ink">
                {stepFor(health.fault.code, isBroken)} <DocLink kind={connection.connector} />
              </p>
            </div>
          )}
          <p role="status" className="empty:hidden">
            {trial.isPending && words.testing}
            {trial.data?.ok === true && <span className="text-good">{words.answered(formatCount(Math.round(trial.data.tookMs)))}</span>}
            {trial.data?.ok === false && <span className="text-bad">{words.testFailed(trial.data.fault?.message ?? '')}</span>}
            {trial.error && <span className="text-bad">{describeError(trial.error)}</span>}
          </p>
        </>
      }
      side={
        mayChange && (
          <>
            <Button look="quiet" size="small" aria-label={words.testLabel(name)} disabled={trial.isPending} onClick={() => trial.mutate()}>
              {words.testNow}
            </Button>
            <Button
              look={isBroken ? 'primary' : 'plain'}
              size="small"
              aria-label={isBroken ? words.reconnectLabel(name) : words.changeLabel(name)}
              onClick={onChange}
            >
              {isBroken ? words.reconnect : words.change}
            </Button>
            <RowMenu
              label={words.moreLabel(name)}
              acts={[
                ...(state === 'active' && kind?.can.poll === true
                  ? [{ icon: RefreshCw, label: words.poll, onSelect: () => poll.mutate() }]
                  : []),
                ...(state === 'paused' ? [] : [{ icon: Pause, label: words.pause, onSelect: () => pause.mutate() }]),
                ...(state === 'active' ? [] : [{ icon: Play, label: words.resume, onSelect: () => resume.mutate() }]),
                { icon: Trash2, label: words.remove, onSelect: onRemove },
              ]}
            />
          </>
        )
      }
    />
  );
}

function Facts({ connection: { connector, health, state }, kind }: Pick<ConnectionRowProps, 'connection' | 'kind'>) {
  const { progress, arrivals, lastSuccessAt, nextAt, failures } = health;
  return (
    <p>
      {kind?.title ?? connector} · {words.arrivals(formatCount(arrivals), arrivals)} ·{' '}
      {lastSuccessAt ? (
        <>
          {words.last} <Time at={lastSuccessAt} />
        </>
      ) : (
        words.never
      )}
      {progress && <> · {words.progress(formatCount(progress.done), progress.of === null ? null : formatCount(progress.of))}</>}
      {state === 'active' && failures > 0 && (
        <>
          {' '}
          · {words.failing(failures)} {nextAt && <Time at={nextAt} />}
        </>
      )}
    </p>
  );
}

/** What to do about a fault: a stopped connection needs somebody, whatever it was. */
function stepFor(code: string, isBroken: boolean): string {
  if (code === 'auth' || code.startsWith('secret.')) return words.steps.auth;
  return isBroken ? words.steps.stopped : words.steps.waits;
}

/** The page of the documentation about this kind, where there is one. */
function DocLink({ kind }: { kind: string }) {
  const pages: Record<string, DocPage> = { caldav: 'calendar', webhook: 'webhooks', folder: 'documents' };
  const page = isDocPage(kind) ? kind : (pages[kind] ?? 'connectors');
  return (
    <Link to="/help/$page" params={{ page }} className={linkClass}>
      {words.howTo}
    </Link>
  );
}
