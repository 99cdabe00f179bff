import { KeyRound, Pause, Play, Send, Trash2, Webhook as WebhookIcon } from 'lucide-react';
import { useState } from 'react';
import { connectionsText } from '#text/connections.ts';
import { post, put } from '../../api/client.ts';
import type { Webhook } from '../../api/connections.ts';
import { listQuery } from '../../api/list.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { TextArea, TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { Row } from '../../ui/form/list-card.tsx';
import { Removal } from '../../ui/form/removal.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { RowMenu } from '../../ui/row-menu.tsx';
import { Time } from '../../ui/time.tsx';
import { ListPage } from './list-page.tsx';
import { SecretDialog } from './secret-dialog.tsx';
import { useMay } from './topics.tsx';
import { WebhookDeliveries } from './webhook-deliveries.tsx';

const words = connectionsText.webhooks;
const webhooksQuery = listQuery<Webhook>('webhooks', '/webhooks');
const pathOf = ({ id }: Webhook) => `/webhooks/${encodeURIComponent(id)}`;

type Open = { is: 'new' } | { is: 'change' | 'remove' | 'rotate' | 'deliveries'; webhook: Webhook } | { is: 'secret'; secret: string };

/** Who is told what happens here. */
export default function WebhooksPage() {
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  const mayChange = useMay('connection:admin');
  const showSecret = ({ secret }: { secret: string }) => setOpen({ is: 'secret', secret });
  const rotation = useAct((webhook: Webhook) => post<{ secret: string }>(`${pathOf(webhook)}/secret`), { onDone: showSecret });
  return (
    <ListPage
      topic="webhooks"
      words={words}
      icon={WebhookIcon}
      query={webhooksQuery}
      row={(webhook) => <WebhookRow webhook={webhook} mayChange={mayChange} onOpen={(is) => setOpen({ is, webhook })} />}
      onNew={mayChange && (() => setOpen({ is: 'new' }))}
    >
      {open?.is === 'new' && <WebhookDialog onClose={close} onMade={showSecret} />}
      {open?.is === 'change' && <WebhookDialog webhook={open.webhook} onClose={close} onMade={close} />}
      {open?.is === 'deliveries' && <WebhookDeliveries webhook={open.webhook} mayReplay={mayChange} onClose={close} />}
      {open?.is === 'secret' && (
        <SecretDialog
          title={words.secretTitle}
          text={words.secretText}
          label={words.secret}
          value={open.secret}
          done={words.done}
          onClose={close}
        />
      )}
      {open?.is === 'rotate' && (
        <FormDialog title={words.rotateTitle} action={words.rotate} onClose={close} onSubmit={() => rotation.mutateAsync(open.webhook)}>
          <p className="text-muted">{words.rotateText}</p>
        </FormDialog>
      )}
      {open?.is === 'remove' && (
        <Removal
          path={pathOf(open.webhook)}
          refresh={['webhooks']}
          title={words.removeTitle}
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

const tones: Record<Webhook['state'], Tone> = { active: 'good', paused: 'neutral', broken: 'bad' };

interface WebhookRowProps {
  webhook: Webhook;
  mayChange: boolean;
  onOpen: (is: 'change' | 'remove' | 'rotate' | 'deliveries') => void;
}

function WebhookRow({ webhook, mayChange, onOpen }: WebhookRowProps) {
  const { url, description, kinds, state, failingSince } = webhook;
  const isActive = state === 'active';
  const toggle = useAct(() => put(pathOf(webhook), { state: isActive ? 'paused' : 'active' }), {
    refresh: ['webhooks'],
    said: isActive ? words.paused : words.resumed,
    toastsErrors: true,
  });
  const trial = useAct(() => post(`${pathOf(webhook)}/test`), { refresh: ['deliveries'], said: words.tested, toastsErrors: true });
  return (
    <Row
      title={url}
      marks={<Badge tone={isActive && failingSince ? 'warn' : tones[state]}>{words.states[state]}</Badge>}
      note={
        <>
          {description && <>{description} · </>}
          {kinds.join(', ')}
          {failingSince && (
            <>
              {' '}
              · {words.failing} <Time at={failingSince} />
            </>
          )}
        </>
      }
      side={
        <>
          {mayChange && (
            <Button look="quiet" size="small" aria-label={words.changeLabel(url)} onClick={() => onOpen('change')}>
              {words.change}
            </Button>
          )}
          <Button size="small" aria-label={words.showLabel(url)} onClick={() => onOpen('deliveries')}>
            {words.show}
          </Button>
          {mayChange && (
            <RowMenu
              label={words.moreLabel(url)}
              acts={[
                ...(isActive ? [{ icon: Send, label: words.test, onSelect: () => trial.mutate() }] : []),
                { icon: KeyRound, label: words.rotate, onSelect: () => onOpen('rotate') },
                isActive
                  ? { icon: Pause, label: words.pause, onSelect: () => toggle.mutate() }
                  : { icon: Play, label: words.resume, onSelect: () => toggle.mutate() },
                { icon: Trash2, label: words.remove, onSelect: () => onOpen('remove') },
              ]}
            />
          )}
        </>
      }
    />
  );
}

interface WebhookDialogProps {
  /** The one that is changed; without it a new one is made. */
  webhook?: Webhook;
  onClose: () => void;
  onMade: (made: { secret: string }) => void;
}

function WebhookDialog({ webhook, onClose, onMade }: WebhookDialogProps) {
  const [draft, setDraft] = useState({
    url: webhook?.url ?? 'https://',
    description: webhook?.description ?? '',
    kinds: (webhook?.kinds ?? ['task.*', 'approval.*']).join('\n'),
  });
  const set = (part: Partial<typeof draft>) => setDraft({ ...draft, ...part });
  const save = useAct(
    () => {
      const said = { ...draft, kinds: draft.kinds.split(/\s+/).filter((kind) => kind !== '') };
      return webhook ? put<{ secret: string }>(pathOf(webhook), said) : post<{ secret: string }>('/webhooks', said);
    },
    { refresh: ['webhooks'], said: webhook ? words.saved : words.made, onDone: onMade },
  );
  return (
    <FormDialog
      title={webhook ? words.changeTitle : words.newTitle}
      action={webhook ? words.save : words.make}
      onClose={onClose}
      onSubmit={() => save.mutateAsync()}
    >
      <TextField
        label={words.url}
        help={words.urlHelp}
        type="url"
        required
        maxLength={2_000}
        spellCheck={false}
        autoFocus
        value={draft.url}
        onChange={(event) => set({ url: event.target.value })}
      />
      <TextField
        label={words.description}
        help={words.descriptionHelp}
        maxLength={200}
        value={draft.description}
        onChange={(event) => set({ description: event.target.value })}
      />
      <TextArea
        label={words.kinds}
        help={words.kindsHelp}
        required
        spellCheck={false}
        className="font-mono"
        value={draft.kinds}
        onChange={(event) => set({ kinds: event.target.value })}
      />
    </FormDialog>
  );
}
