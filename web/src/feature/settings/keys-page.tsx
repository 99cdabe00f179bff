import { KeyRound } from 'lucide-react';
import { useState } from 'react';
import { securityText } from '#text/security.ts';
import type { ApiKey, KeyMade } from '../../api/identity.ts';
import { listQuery } from '../../api/list.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Row } from '../../ui/form/list-card.tsx';
import { Removal } from '../../ui/form/removal.tsx';
import { Time } from '../../ui/time.tsx';
import { KeyDialog } from './key-dialog.tsx';
import { ListPage } from './list-page.tsx';
import { RotateDialog } from './rotate-dialog.tsx';
import { SecretDialog } from './secret-dialog.tsx';
import { ServiceAccountSection } from './service-accounts.tsx';

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
  return (
    <ListPage
      topic="keys"
      words={words}
      icon={KeyRound}
      query={keysQuery}
      row={(key) => (
        <KeyRow apiKey={key} onRotate={() => setOpen({ kind: 'rotate', key })} onRevoke={() => setOpen({ kind: 'revoke', key })} />
      )}
      onNew={() => setOpen({ kind: 'new' })}
    >
      <div className="mt-7">
        <ServiceAccountSection />
      </div>
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
        <Removal
          path={`/api-keys/${encodeURIComponent(open.key.id)}`}
          refresh={['api-keys']}
          title={words.revokeTitle(open.key.name)}
          action={words.revoke}
          said={words.revoked}
          onClose={close}
        >
          {words.revokeText}
        </Removal>
      )}
    </ListPage>
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
