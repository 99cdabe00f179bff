import { useState } from 'react';
import { connectionsText } from '#text/connections.ts';
import { post, put } from '../../api/client.ts';
import type { Connection, ConnectorKind, ObjectSchema, Proposal, Trial } from '../../api/connections.ts';
import { Button } from '../../ui/button.tsx';
import { Disclosure } from '../../ui/disclosure.tsx';
import { describeError } from '../../ui/feedback.tsx';
import { TextField } from '../../ui/field.tsx';
import { CopyValue } from '../../ui/form/copy-value.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { SchemaFields } from '../../ui/form/schema-fields.tsx';
import { useAct } from '../../ui/form/use-act.ts';

const words = connectionsText.connections;

interface ConnectionDialogProps {
  kind: ConnectorKind;
  /** The one that is changed; without it a new one is made. */
  connection?: Connection;
  onClose: () => void;
}

/** Makes or changes a connection. The form is drawn from what the connector says of itself. */
export function ConnectionDialog({ kind, connection, onClose }: ConnectionDialogProps) {
  const [name, setName] = useState(connection?.name ?? '');
  const [settings, setSettings] = useState<Record<string, unknown>>(connection?.settings ?? {});
  const [credentials, setCredentials] = useState<Record<string, string>>({});
  // A form that was filled from outside is drawn anew.
  const [filled, setFilled] = useState(0);
  const { needed, rest } = split(kind.settings);
  const typed = Object.fromEntries(Object.entries(credentials).filter(([, value]) => value !== ''));
  const save = useAct(
    () =>
      connection
        ? put(`/connections/${encodeURIComponent(connection.id)}`, { name, settings, credentials: typed, version: connection.version })
        : post('/connections', { connector: kind.kind, name, settings, credentials: typed }),
    { refresh: ['connections', 'changes'], said: connection ? words.saved : words.connected, onDone: onClose },
  );
  const fill = (found: Record<string, unknown>) => {
    setSettings({ ...settings, ...found });
    setFilled(filled + 1);
  };
  return (
    <FormDialog
      title={connection ? words.changeTitle(connection.name) : words.newTitle(kind.title)}
      action={connection ? words.save : words.connect}
      wide
      onClose={onClose}
      onSubmit={() => save.mutateAsync()}
    >
      <TextField
        label={words.name}
        help={words.nameHelp}
        required
        maxLength={100}
        autoFocus
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      {!connection && <p className="mb-4 text-muted">{kind.description}</p>}
      {!connection && kind.can.discover && <Discovery kind={kind} onFound={fill} />}
      <div key={filled}>
        <SchemaFields schema={kind.settings} names={needed} value={settings} onChange={setSettings} />
        {Object.entries(kind.credentials).map(([field, { title, required, help }]) => (
          <TextField
            key={field}
            label={title}
            help={credentialHelp(connection?.credentials[field] ?? null, help)}
            type="password"
            autoComplete="new-password"
            required={required && connection === undefined}
            value={credentials[field] ?? ''}
            onChange={(event) => setCredentials({ ...credentials, [field]: event.target.value })}
          />
        ))}
        {rest.length > 0 && (
          <Disclosure summary={words.more}>
            <div className="pt-3">
              <SchemaFields schema={kind.settings} names={rest} value={settings} onChange={setSettings} />
            </div>
          </Disclosure>
        )}
      </div>
      {connection?.hookUrl && <CopyValue label={words.hook} value={connection.hookUrl} />}
      <TrialLine
        run={() =>
          connection && Object.keys(typed).length === 0 && settings === connection.settings
            ? post<Trial>(`/connections/${encodeURIComponent(connection.id)}/test`)
            : post<Trial>('/connections/test', { connector: kind.kind, settings, credentials: typed })
        }
      />
    </FormDialog>
  );
}

function Discovery({ kind, onFound }: { kind: ConnectorKind; onFound: (settings: Record<string, unknown>) => void }) {
  const [address, setAddress] = useState('');
  const find = useAct(() => post<{ items: Proposal[] }>('/connections/discovery', { connector: kind.kind, address }), {
    onDone: ({ items }) => items[0] && onFound(items[0].settings),
  });
  const found = find.data && (find.data.items.length > 0 ? words.found : words.notFound);
  return (
    <div className="mb-4 flex flex-wrap items-end gap-2">
      <div className="min-w-0 flex-1 basis-56">
        <TextField label={words.address} help={words.addressHelp} value={address} onChange={(event) => setAddress(event.target.value)} />
      </div>
      <Button className="mb-6" disabled={address === '' || find.isPending} onClick={() => find.mutate()}>
        {find.isPending ? words.finding : words.find}
      </Button>
      <p role="status" className="w-full text-muted text-note empty:hidden">
        {find.error ? describeError(find.error) : found}
      </p>
    </div>
  );
}

function TrialLine({ run }: { run: () => Promise<Trial> }) {
  const trial = useAct(run);
  const fault = trial.error ? describeError(trial.error) : (trial.data?.fault?.message ?? null);
  return (
    <div className="mt-4 flex flex-wrap items-center gap-3">
      <Button disabled={trial.isPending} onClick={() => trial.mutate()}>
        {trial.isPending ? words.testing : words.test}
      </Button>
      <p role="status" className={fault === null ? 'text-good' : 'wrap-anywhere text-bad'}>
        {fault ?? (trial.data?.ok === true ? words.works : '')}
      </p>
    </div>
  );
}

/** What must be known comes first; what has a default waits behind a fold. */
function split({ properties = {}, required = [] }: ObjectSchema): { needed: string[]; rest: string[] } {
  const isNeeded = (name: string) => required.includes(name) && properties[name]?.default === undefined;
  const names = Object.keys(properties);
  return { needed: names.filter(isNeeded), rest: names.filter((name) => !isNeeded(name)) };
}

const credentialHelp = (now: string | null, help: string | undefined): string =>
  now === null ? (help ?? words.credentialHelp) : now === 'set' ? words.credentialSet : words.credentialReference(now);
