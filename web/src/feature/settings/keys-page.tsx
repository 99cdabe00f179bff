import { KeyRound, Plus } from 'lucide-react';
import { useState } from 'react';
import { remove } from '../../api/client.ts';
import type { ApiKey, KeyMade } from '../../api/identity.ts';
import { listQuery } from '../../api/list.ts';
import { securityText } from '../../text/security.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Empty } from '../../ui/feedback.tsx';
import { Confirm } from '../../ui/form/confirm.tsx';
import { ListCard, Row } from '../../ui/form/list-card.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { Time } from '../../ui/time.tsx';
import { KeyDialog } from './key-dialog.tsx';
import { RotateDialog } from './rotate-dialog.tsx';
import { SecretDialog } from './secret-dialog.tsx';
import { ServiceAccountSection } from './service-accounts.tsx';
import { TopicPage } from './topic-page.tsx';

const words = securityText.keys;
const keysQuery = listQuery<ApiKey>('api-keys', '/api-keys');
const tones: Record<KeyState, Tone> = { active: 'good', replaced: 'warn', expired: 'neutral', revoked: 'neutral' };

/** A key whose successor is there works until its last hour. */
type KeyState = ApiKey['state'] | 'replaced';
const stateOf = ({ state, replacedBy }: ApiKey): KeyState => (state === 'active' && replacedBy !== null ? 'replaced' : state);

type Open = { kind: 'new' } | { kind: 'rotate' | 'revoke'; key: ApiKey } | { kind: 'made'; made: KeyMade };

/** Keys of programs, and the service accounts that some of them belong to. */
export default function KeysPage() {
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  const showMade = (made: KeyMade) => setOpen({ kind: 'made', made });
  const revoke = useAct((id: string) => remove(`/api-keys/${encodeURIComponent(id)}`), { refresh: ['api-keys'], said: words.revoked });
  return (
    <TopicPage
      topic="keys"
      side={
        <Button look="primary" onClick={() => setOpen({ kind: 'new' })}>
          <Plus size={14} aria-hidden="true" />
          {words.new}
        </Button>
      }
    >
      <div className="mb-7">
        <ListCard
          query={keysQuery}
          keyOf={(key) => key.id}
          empty={
            <Empty icon={<KeyRound size={18} aria-hidden="true" />} title={words.none}>
              {words.noneText}
            </Empty>
          }
        >
          {(key) => (
            <KeyRow apiKey={key} onRotate={() => setOpen({ kind: 'rotate', key })} onRevoke={() => setOpen({ kind: 'revoke', key })} />
          )}
        </ListCard>
      </div>
      <ServiceAccountSection />
      {open?.kind === 'new' && <KeyDialog onMade={showMade} onClose={close} />}
      {open?.kind === 'rotate' && <RotateDialog apiKey={open.key} onMade={showMade} onClose={close} />}
      {open?.kind === 'made' && (
        <SecretDialog
          title={words.madeTitle}
          text={words.madeText}
          label={words.key}
          value={open.made.key}
          done={words.done}
          onClose={close}
        >
          {open.made.oldEndsAt && (
            <p className="text-muted">
              {words.oldEnds} <Time at={open.made.oldEndsAt} />
            </p>
          )}
        </SecretDialog>
      )}
      {open?.kind === 'revoke' && (
        <Confirm
          title={words.revokeTitle(open.key.name)}
          action={words.revoke}
          onClose={close}
          onConfirm={() => revoke.mutateAsync(open.key.id)}
        >
          {words.revokeText}
        </Confirm>
      )}
    </TopicPage>
  );
}

function KeyRow({ apiKey, onRotate, onRevoke }: { apiKey: ApiKey; onRotate: () => void; onRevoke: () => void }) {
  const state = stateOf(apiKey);
  const isUsable = state === 'active' || state === 'replaced';
  return (
    <Row
      title={apiKey.name}
      marks={<Badge tone={tones[state]}>{words.states[state]}</Badge>}
      note={
        <>
          <span className="font-mono">{apiKey.start}…</span> · {words.all(apiKey.permissions.length)} ·{' '}
          {apiKey.lastUsedAt ? (
            <>
              {words.used} <Time at={apiKey.lastUsedAt} />
            </>
          ) : (
            words.neverUsed
          )}{' '}
          ·{' '}
          {apiKey.expiresAt ? (
            <>
              {words.until} <Time at={apiKey.expiresAt} short />
            </>
          ) : (
            words.noEnd
          )}
        </>
      }
      side={
        isUsable && (
          <>
            <Button look="quiet" size="small" aria-label={words.revokeLabel(apiKey.name)} onClick={onRevoke}>
              {words.revoke}
            </Button>
            {state === 'active' && (
              <Button size="small" aria-label={words.rotateLabel(apiKey.name)} onClick={onRotate}>
                {words.rotate}
              </Button>
            )}
          </>
        )
      }
    />
  );
}
