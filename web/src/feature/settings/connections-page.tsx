import { useQuery } from '@tanstack/react-query';
import { Plug, Plus } from 'lucide-react';
import { useState } from 'react';
import { get, post, remove } from '../../api/client.ts';
import type { Connection, ConnectorKind } from '../../api/connections.ts';
import { listQuery } from '../../api/list.ts';
import type { Page } from '../../api/types.ts';
import { formatCount } from '../../format.ts';
import { connectionsText } from '../../text/connections.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogBody } from '../../ui/dialog.tsx';
import { Empty } from '../../ui/feedback.tsx';
import { Confirm } from '../../ui/form/confirm.tsx';
import { ListCard, Row } from '../../ui/form/list-card.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { Time } from '../../ui/time.tsx';
import { ConnectionDialog } from './connection-dialog.tsx';
import { TopicPage } from './topic-page.tsx';
import { useMay } from './topics.tsx';

const words = connectionsText.connections;
const connectionsQuery = { ...listQuery<Connection>('connections', '/connections'), refetchInterval: 10_000 };
const kindsQuery = {
  queryKey: ['connectors'],
  queryFn: ({ signal }: { signal: AbortSignal }) => get<Page<ConnectorKind>>('/connectors', { signal }),
  staleTime: Number.POSITIVE_INFINITY,
};
const pathOf = ({ id }: Connection) => `/connections/${encodeURIComponent(id)}`;

type Open = { is: 'choice' } | { is: 'new'; kind: ConnectorKind } | { is: 'change' | 'remove'; connection: Connection };

/** What this tenant is connected to, and how each connection is doing. */
export default function ConnectionsPage() {
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  const mayChange = useMay('connection:admin');
  const kinds = useQuery(kindsQuery).data?.items ?? [];
  const kindOf = (connection: Connection) => kinds.find(({ kind }) => kind === connection.connector);
  const removal = useAct((connection: Connection) => remove(pathOf(connection)), { refresh: ['connections'], said: words.removed });
  const changed = open?.is === 'change' ? kindOf(open.connection) : undefined;
  return (
    <TopicPage
      topic="connections"
      intro={words.intro}
      side={
        mayChange && (
          <Button look="primary" onClick={() => setOpen({ is: 'choice' })}>
            <Plus size={14} aria-hidden="true" />
            {words.new}
          </Button>
        )
      }
    >
      <ListCard
        query={connectionsQuery}
        keyOf={({ id }) => id}
        empty={
          <Empty icon={<Plug size={18} aria-hidden="true" />} title={words.none}>
            {words.noneText}
          </Empty>
        }
      >
        {(connection) => (
          <ConnectionRow
            connection={connection}
            kind={kindOf(connection)}
            mayChange={mayChange}
            onChange={() => setOpen({ is: 'change', connection })}
            onRemove={() => setOpen({ is: 'remove', connection })}
          />
        )}
      </ListCard>
      {open?.is === 'choice' && <KindChoice kinds={kinds} onClose={close} onChoose={(kind) => setOpen({ is: 'new', kind })} />}
      {open?.is === 'new' && <ConnectionDialog kind={open.kind} onClose={close} />}
      {open?.is === 'change' && changed && <ConnectionDialog kind={changed} connection={open.connection} onClose={close} />}
      {open?.is === 'remove' && (
        <Confirm
          title={words.removeTitle(open.connection.name)}
          action={words.remove}
          onClose={close}
          onConfirm={() => removal.mutateAsync(open.connection)}
        >
          {words.removeText}
        </Confirm>
      )}
    </TopicPage>
  );
}

const tones: Record<Connection['state'], Tone> = { active: 'good', paused: 'neutral', broken: 'bad' };

interface ConnectionRowProps {
  connection: Connection;
  kind: ConnectorKind | undefined;
  mayChange: boolean;
  onChange: () => void;
  onRemove: () => void;
}

function ConnectionRow({ connection, kind, mayChange, onChange, onRemove }: ConnectionRowProps) {
  const { name, state, health } = connection;
  const act = { refresh: ['connections'], toastsErrors: true };
  const pause = useAct(() => post(`${pathOf(connection)}/pause`), { ...act, said: words.paused });
  const resume = useAct(() => post(`${pathOf(connection)}/resume`), { ...act, said: words.resumed });
  const poll = useAct(() => post(`${pathOf(connection)}/poll`), { ...act, said: words.polled });
  const isFailing = state === 'active' && health.failures > 0;
  return (
    <Row
      title={name}
      marks={<Badge tone={isFailing ? 'warn' : tones[state]}>{words.states[state]}</Badge>}
      note={
        <>
          {kind?.title ?? connection.connector} · {words.arrivals(formatCount(health.arrivals), health.arrivals)} ·{' '}
          {health.lastSuccessAt ? (
            <>
              {words.last} <Time at={health.lastSuccessAt} />
            </>
          ) : (
            words.never
          )}
          {health.progress && (
            <>
              {' '}
              · {words.progress(formatCount(health.progress.done), health.progress.of === null ? null : formatCount(health.progress.of))}
            </>
          )}
          {isFailing && <> · {words.failing(health.failures)}</>}
          {health.fault && <p className="mt-1 text-bad">{health.fault.message}</p>}
        </>
      }
      side={
        mayChange && (
          <>
            <Button look="quiet" size="small" aria-label={words.removeLabel(name)} onClick={onRemove}>
              {words.remove}
            </Button>
            {state === 'active' ? (
              <>
                <Button look="quiet" size="small" aria-label={words.pauseLabel(name)} onClick={() => pause.mutate()}>
                  {words.pause}
                </Button>
                {kind?.can.poll && (
                  <Button look="quiet" size="small" aria-label={words.pollLabel(name)} onClick={() => poll.mutate()}>
                    {words.poll}
                  </Button>
                )}
              </>
            ) : (
              <Button look="quiet" size="small" aria-label={words.resumeLabel(name)} onClick={() => resume.mutate()}>
                {words.resume}
              </Button>
            )}
            <Button size="small" aria-label={words.changeLabel(name)} onClick={onChange}>
              {words.change}
            </Button>
          </>
        )
      }
    />
  );
}

function KindChoice({
  kinds,
  onClose,
  onChoose,
}: {
  kinds: ConnectorKind[];
  onClose: () => void;
  onChoose: (kind: ConnectorKind) => void;
}) {
  return (
    <Dialog isOpen onClose={onClose} title={words.choose}>
      <DialogBody>
        {kinds.length === 0 && <p className="text-muted">{words.noKinds}</p>}
        <ul className="-mx-2 space-y-1">
          {kinds.map((kind) => (
            <li key={kind.kind}>
              <button
                type="button"
                onClick={() => onChoose(kind)}
                className="block min-h-12 w-full rounded-control px-2 py-2 text-left hover:bg-hover"
              >
                <span className="block font-medium">{kind.title}</span>
                <span className="block text-muted text-note">{kind.description}</span>
              </button>
            </li>
          ))}
        </ul>
      </DialogBody>
    </Dialog>
  );
}
