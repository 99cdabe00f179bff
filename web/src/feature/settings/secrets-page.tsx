import { Vault } from 'lucide-react';
import { useState } from 'react';
import { protectionText } from '#text/protection.ts';
import { post, put } from '../../api/client.ts';
import { listQuery } from '../../api/list.ts';
import type { SecretItem } from '../../api/protection.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { Row } from '../../ui/form/list-card.tsx';
import { Removal } from '../../ui/form/removal.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { Time } from '../../ui/time.tsx';
import { useNow } from '../../ui/use-now.ts';
import { ListPage } from './list-page.tsx';
import { useMay } from './topics.tsx';

const words = protectionText.secrets;
const secretsQuery = listQuery<SecretItem>('secrets', '/secrets');
const pathOf = ({ id }: SecretItem) => `/secrets/${encodeURIComponent(id)}`;

type Open = { kind: 'new' } | { kind: 'replace' | 'remove'; secret: SecretItem };

/** Secrets of this tenant: names, use and age. A value goes in and never comes back. */
export default function SecretsPage() {
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  const mayChange = useMay('secret:admin');
  return (
    <ListPage
      topic="secrets"
      words={words}
      icon={Vault}
      query={secretsQuery}
      row={(secret) => (
        <SecretRow
          secret={secret}
          mayChange={mayChange}
          onReplace={() => setOpen({ kind: 'replace', secret })}
          onRemove={() => setOpen({ kind: 'remove', secret })}
        />
      )}
      onNew={mayChange && (() => setOpen({ kind: 'new' }))}
    >
      {open?.kind === 'new' && <NewSecret onClose={close} />}
      {open?.kind === 'replace' && <ReplaceValue secret={open.secret} onClose={close} />}
      {open?.kind === 'remove' && (
        <Removal
          path={pathOf(open.secret)}
          refresh={['secrets']}
          title={words.removeTitle(open.secret.name)}
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

interface SecretRowProps {
  secret: SecretItem;
  mayChange: boolean;
  onReplace: () => void;
  onRemove: () => void;
}

function SecretRow({ secret, mayChange, onReplace, onRemove }: SecretRowProps) {
  const { name, version, lastUsedAt, usedBy, rotateAfter } = secret;
  const now = useNow(60_000);
  const isDue = rotateAfter !== null && Date.parse(rotateAfter) <= now;
  return (
    <Row
      title={name}
      marks={isDue && <Badge tone="warn">{words.due}</Badge>}
      note={
        <>
          {words.version(version)} ·{' '}
          {lastUsedAt ? (
            <>
              {words.used} <Time at={lastUsedAt} />
            </>
          ) : (
            words.neverUsed
          )}
          {usedBy.length > 0 && <> · {words.usedBy(usedBy.join(', '))}</>}
          {rotateAfter && !isDue && (
            <>
              {' '}
              · {words.dueBy} <Time at={rotateAfter} short />
            </>
          )}
        </>
      }
      side={
        mayChange && (
          <>
            <Button look="quiet" size="small" aria-label={words.removeLabel(name)} onClick={onRemove}>
              {words.remove}
            </Button>
            <Button size="small" aria-label={words.replaceLabel(name)} onClick={onReplace}>
              {words.replace}
            </Button>
          </>
        )
      }
    />
  );
}

function NewSecret({ onClose }: { onClose: () => void }) {
  const [draft, setDraft] = useState({ name: '', value: '', days: '' });
  const set = (part: Partial<typeof draft>) => setDraft({ ...draft, ...part });
  const save = useAct(
    () => post('/secrets', { name: draft.name, value: draft.value, ...(draft.days && { rotateAfterDays: Number(draft.days) }) }),
    { refresh: ['secrets'], said: words.stored, onDone: onClose },
  );
  return (
    <FormDialog title={words.newTitle} action={words.store} onClose={onClose} onSubmit={() => save.mutateAsync()}>
      <TextField
        label={words.name}
        help={words.nameHelp}
        required
        maxLength={60}
        pattern="[a-z0-9][a-z0-9-]*"
        spellCheck={false}
        autoFocus
        value={draft.name}
        onChange={(event) => set({ name: event.target.value })}
      />
      <ValueField value={draft.value} onChange={(value) => set({ value })} />
      <TextField
        label={words.days}
        help={words.daysHelp}
        type="number"
        min={1}
        max={3650}
        value={draft.days}
        onChange={(event) => set({ days: event.target.value })}
      />
    </FormDialog>
  );
}

function ReplaceValue({ secret, onClose }: { secret: SecretItem; onClose: () => void }) {
  const [value, setValue] = useState('');
  const save = useAct(() => put(pathOf(secret), { value, ifVersion: secret.version }), {
    refresh: ['secrets'],
    said: words.replaced,
    onDone: onClose,
  });
  return (
    <FormDialog title={words.replaceTitle(secret.name)} action={words.replace} onClose={onClose} onSubmit={() => save.mutateAsync()}>
      <p className="mb-4 text-muted">{words.replaceText}</p>
      <ValueField value={value} onChange={setValue} autoFocus />
    </FormDialog>
  );
}

function ValueField({ value, onChange, autoFocus = false }: { value: string; onChange: (value: string) => void; autoFocus?: boolean }) {
  return (
    <TextField
      label={words.value}
      help={words.valueHelp}
      type="password"
      required
      autoComplete="off"
      autoFocus={autoFocus}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}
