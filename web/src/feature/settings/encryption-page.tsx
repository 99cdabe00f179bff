import { queryOptions, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { protectionText } from '#text/protection.ts';
import { get, post, put, remove } from '../../api/client.ts';
import type { Encryption, KeyGeneration } from '../../api/protection.ts';
import { formatCount } from '../../format.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { ErrorBox, Notice, Skeleton } from '../../ui/feedback.tsx';
import { CheckField } from '../../ui/field.tsx';
import { Block } from '../../ui/form/block.tsx';
import { Confirm } from '../../ui/form/confirm.tsx';
import { Row } from '../../ui/form/list-card.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { Section } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';
import { JobRow } from './job-row.tsx';
import { ProviderDialog } from './provider-dialog.tsx';
import { TopicPage } from './topic-page.tsx';
import { useMay } from './topics.tsx';

const words = protectionText.encryption;
/** Re-sealing moves in seconds, not at once. */
const pollMs = 3_000;
const encryptionQuery = queryOptions({
  queryKey: ['encryption'],
  queryFn: ({ signal }) => get<Encryption>('/encryption', { signal }),
  refetchInterval: ({ state }) => (isMoving(state.data) ? pollMs : false),
});
const isMoving = (data: Encryption | undefined) => data?.job?.state === 'running' || data?.job?.state === 'waiting';
const tones: Record<KeyGeneration['state'], Tone> = { active: 'good', retired: 'neutral', destroyed: 'neutral' };

/** Who guards this tenant's keys, and which generation seals what. */
export default function EncryptionPage() {
  const encryption = useQuery(encryptionQuery);
  return (
    <TopicPage topic="encryption" intro={words.intro}>
      {encryption.error && <ErrorBox error={encryption.error} onRetry={encryption.refetch} />}
      {encryption.isPending && <Skeleton rows={4} />}
      {encryption.data && <Keys encryption={encryption.data} />}
    </TopicPage>
  );
}

type Open = 'rotate' | 'revoke' | 'bring' | 'giveBack' | { destroy: number };

function Keys({ encryption }: { encryption: Encryption }) {
  const { generations, columns, job } = encryption;
  const [open, setOpen] = useState<Open | null>(null);
  const mayChange = useMay('encryption:admin');
  return (
    <>
      <Guard encryption={encryption} onOpen={mayChange ? setOpen : undefined} />
      {job && isMoving(encryption) && (
        <Section title={words.work}>
          <JobRow job={job} />
        </Section>
      )}
      <Section
        title={words.generations}
        side={
          mayChange && (
            <Button size="small" disabled={isMoving(encryption)} onClick={() => setOpen('rotate')}>
              {words.rotate}
            </Button>
          )
        }
      >
        <ul className="divide-y divide-line">
          {generations.toReversed().map((generation) => (
            <li key={generation.generation}>
              <GenerationRow
                generation={generation}
                onDestroy={
                  mayChange && generation.state === 'retired' && generation.objects === 0
                    ? () => setOpen({ destroy: generation.generation })
                    : undefined
                }
              />
            </li>
          ))}
        </ul>
      </Section>
      <p className="text-muted">{words.columns(columns.sealed, columns.clear)}</p>
      {open !== null && <Dialogs open={open} onClose={() => setOpen(null)} />}
    </>
  );
}

function Guard({ encryption, onOpen }: { encryption: Encryption; onOpen: ((what: Open) => void) | undefined }) {
  const { provider, cacheSeconds } = encryption;
  const { health } = provider;
  return (
    <Block
      title={words.guard}
      side={
        onOpen && (
          <div className="flex flex-wrap gap-2">
            <Button size="small" onClick={() => onOpen('revoke')}>
              {words.revoke}
            </Button>
            <Button size="small" onClick={() => onOpen(provider.own ? 'giveBack' : 'bring')}>
              {provider.own ? words.bring.giveBack : words.bring.open}
            </Button>
          </div>
        )
      }
    >
      <p className="mb-2 flex flex-wrap items-center gap-2">
        <span className="font-medium">{words.kinds[provider.kind] ?? provider.kind}</span>
        <Badge tone="neutral">{provider.own ? words.own : words.ofInstallation}</Badge>
        <Badge tone={health.ok ? 'good' : 'bad'}>{health.ok ? words.reachable : words.unreachable}</Badge>
      </p>
      {provider.kekId !== '' && (
        <p className="wrap-anywhere mb-2 text-muted">
          {words.keyName} <span className="font-mono text-note">{provider.kekId}</span>
        </p>
      )}
      {health.error && (
        <div className="mb-2">
          <Notice tone="bad" role="status">
            {health.error}
          </Notice>
        </div>
      )}
      <p className="text-muted">{words.cache(cacheSeconds)}</p>
    </Block>
  );
}

function GenerationRow({ generation, onDestroy }: { generation: KeyGeneration; onDestroy: (() => void) | undefined }) {
  const { generation: number, state, objects, createdAt, destroyedAt } = generation;
  return (
    <Row
      title={words.generation(number)}
      marks={<Badge tone={tones[state]}>{words.states[state]}</Badge>}
      note={
        <>
          {words.made} <Time at={createdAt} />
          {destroyedAt && (
            <>
              {' '}
              · {words.destroyed} <Time at={destroyedAt} />
            </>
          )}
          {state !== 'destroyed' && objects !== null && <> · {objects === 0 ? words.nothing : words.objects(formatCount(objects))}</>}
        </>
      }
      side={
        onDestroy && (
          <Button look="quiet" size="small" aria-label={words.destroyLabel(number)} onClick={onDestroy}>
            {words.destroy}
          </Button>
        )
      }
    />
  );
}

function Dialogs({ open, onClose }: { open: Open; onClose: () => void }) {
  const [destroyOld, setDestroyOld] = useState(false);
  const rotate = useAct(() => post('/encryption/rotation', { destroyOld }), { refresh: ['encryption'], said: words.rotating });
  const revoke = useAct(() => post('/encryption/revocation'), { refresh: ['encryption'], said: words.revoked });
  const giveBack = useAct(() => put('/encryption/provider', { uri: null }), {
    refresh: ['encryption', 'settings'],
    said: words.bring.givenBack,
  });
  const destroy = useAct((generation: number) => remove(`/encryption/generations/${generation}`, { confirm: 'destroy' }), {
    refresh: ['encryption'],
    said: words.isDestroyed,
  });
  if (open === 'rotate')
    return (
      <Confirm title={words.rotateTitle} action={words.rotate} onClose={onClose} onConfirm={() => rotate.mutateAsync()}>
        <p className="mb-4">{words.rotateText}</p>
        <CheckField
          label={words.destroyOld}
          help={words.destroyOldHelp}
          checked={destroyOld}
          onChange={(event) => setDestroyOld(event.target.checked)}
        />
      </Confirm>
    );
  if (open === 'bring') return <ProviderDialog onClose={onClose} />;
  if (open === 'giveBack')
    return (
      <Confirm title={words.bring.giveBackTitle} action={words.bring.giveBack} onClose={onClose} onConfirm={() => giveBack.mutateAsync()}>
        {words.bring.giveBackText}
      </Confirm>
    );
  if (open === 'revoke')
    return (
      <Confirm title={words.revokeTitle} action={words.revoke} onClose={onClose} onConfirm={() => revoke.mutateAsync()}>
        {words.revokeText}
      </Confirm>
    );
  return (
    <Confirm
      title={words.destroyTitle(open.destroy)}
      action={words.destroy}
      typed={{ word: 'destroy', label: words.destroyTyped }}
      onClose={onClose}
      onConfirm={() => destroy.mutateAsync(open.destroy)}
    >
      {words.destroyText}
    </Confirm>
  );
}
