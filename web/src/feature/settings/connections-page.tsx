import { useQuery } from '@tanstack/react-query';
import { Plug } from 'lucide-react';
import { useState } from 'react';
import { connectionsText } from '#text/connections.ts';
import { get } from '../../api/client.ts';
import type { Connection, ConnectorKind } from '../../api/connections.ts';
import { listQuery } from '../../api/list.ts';
import type { Page } from '../../api/types.ts';
import { Dialog, DialogBody } from '../../ui/dialog.tsx';
import { Removal } from '../../ui/form/removal.tsx';
import { ConnectionDialog } from './connection-dialog.tsx';
import { ConnectionRow, pathOf } from './connection-row.tsx';
import { ListPage } from './list-page.tsx';
import { useMay } from './topics.tsx';

const words = connectionsText.connections;
const connectionsQuery = { ...listQuery<Connection>('connections', '/connections'), refetchInterval: 10_000 };
const kindsQuery = {
  queryKey: ['connectors'],
  queryFn: ({ signal }: { signal: AbortSignal }) => get<Page<ConnectorKind>>('/connectors', { signal }),
  staleTime: Number.POSITIVE_INFINITY,
};

type Open = { is: 'choice' } | { is: 'new'; kind: ConnectorKind } | { is: 'change' | 'remove'; connection: Connection };

/** What this tenant is connected to, and how each connection is doing. */
export default function ConnectionsPage() {
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  const mayChange = useMay('connection:admin');
  const kinds = useQuery(kindsQuery).data?.items ?? [];
  const kindOf = (connection: Connection) => kinds.find(({ kind }) => kind === connection.connector);
  const changed = open?.is === 'change' ? kindOf(open.connection) : undefined;
  return (
    <ListPage
      topic="connections"
      words={words}
      icon={Plug}
      query={connectionsQuery}
      row={(connection) => (
        <ConnectionRow
          connection={connection}
          kind={kindOf(connection)}
          mayChange={mayChange}
          onChange={() => setOpen({ is: 'change', connection })}
          onRemove={() => setOpen({ is: 'remove', connection })}
        />
      )}
      onNew={mayChange && (() => setOpen({ is: 'choice' }))}
    >
      {open?.is === 'choice' && <KindChoice kinds={kinds} onClose={close} onChoose={(kind) => setOpen({ is: 'new', kind })} />}
      {open?.is === 'new' && <ConnectionDialog kind={open.kind} onClose={close} />}
      {open?.is === 'change' && changed && <ConnectionDialog kind={changed} connection={open.connection} onClose={close} />}
      {open?.is === 'remove' && (
        <Removal
          path={pathOf(open.connection)}
          refresh={['connections', 'changes']}
          title={words.removeTitle(open.connection.name)}
          action={words.remove}
          said={words.removed}
          onClose={close}
        >
          {words.removeText}
        </Removal>
      )}
    </ListPage>
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
