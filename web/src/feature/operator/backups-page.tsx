import { queryOptions, useQuery } from '@tanstack/react-query';
import { DatabaseBackup } from 'lucide-react';
import { protectionText } from '#text/protection.ts';
import { get, post } from '../../api/client.ts';
import type { BackupItem, Backups } from '../../api/protection.ts';
import { formatAmount, formatRelative } from '../../format.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Empty, ErrorBox, Notice, Skeleton } from '../../ui/feedback.tsx';
import { CopyValue } from '../../ui/form/copy-value.tsx';
import { Row } from '../../ui/form/list-card.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { Page, Section } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';
import { useNow } from '../../ui/use-now.ts';
import { Help } from '../help/help.tsx';
import { OnlyOperators } from './only-operators.tsx';

const words = protectionText.backups;
/** A backup moves in seconds, not at once. */
const pollMs = 5_000;
const backupsQuery = queryOptions({
  queryKey: ['operator-backups'],
  queryFn: ({ signal }) => get<Backups>('/operator/backups', { signal }),
  refetchInterval: pollMs,
});
const tones: Record<string, Tone> = { running: 'accent', done: 'good', failed: 'bad' };

/** Backups of the whole installation: where they go, when they were made, and whether one can be restored. */
export default function BackupsPage() {
  const backups = useQuery(backupsQuery);
  const create = useAct(() => post('/operator/backups'), {
    refresh: ['operator-backups', 'operator-jobs'],
    said: words.created,
    toastsErrors: true,
  });
  const isSetUp = backups.data?.isSetUp === true;
  return (
    <OnlyOperators>
      <Page
        title={words.title}
        help={<Help topic="backups" />}
        side={
          isSetUp && (
            <Button look="primary" disabled={create.isPending} onClick={() => create.mutate()}>
              {words.create}
            </Button>
          )
        }
      >
        {backups.error && <ErrorBox error={backups.error} onRetry={backups.refetch} />}
        {backups.isPending && <Skeleton rows={3} />}
        {backups.data && (isSetUp ? <Made backups={backups.data} /> : <NotSetUp />)}
      </Page>
    </OnlyOperators>
  );
}

function NotSetUp() {
  return (
    <Section title={words.notSetUp}>
      <div className="p-4">
        <p className="mb-4 text-muted">{words.notSetUpText}</p>
        <CopyValue label={words.command} value={words.setUpCommand} />
      </div>
    </Section>
  );
}

function Made({ backups }: { backups: Backups }) {
  const { items, next, to, keysTo } = backups;
  return (
    <>
      <dl className="mb-6 grid grid-cols-[auto_minmax(0,1fr)] items-baseline gap-x-4 gap-y-1">
        <dt className="text-muted">{words.to}</dt>
        <dd className="wrap-anywhere font-mono text-note">{to}</dd>
        <dt className="text-muted">{words.keysTo}</dt>
        <dd className="wrap-anywhere font-mono text-note">{keysTo ?? '–'}</dd>
        <dt className="text-muted">{words.next}</dt>
        <dd>{next ? <Time at={next.at} /> : words.noNext}</dd>
      </dl>
      {keysTo === null && (
        <div className="mb-6">
          <Notice tone="warn">{words.keysNowhere}</Notice>
        </div>
      )}
      <div className="overflow-hidden rounded-card border border-line bg-panel">
        {items.length === 0 ? (
          <Empty icon={<DatabaseBackup size={18} aria-hidden="true" />} title={words.none}>
            {words.noneText}
          </Empty>
        ) : (
          <ul className="divide-y divide-line">
            {items.map((backup) => (
              <li key={backup.id}>
                <BackupRow backup={backup} />
              </li>
            ))}
          </ul>
        )}
      </div>
    </>
  );
}

function BackupRow({ backup }: { backup: BackupItem }) {
  const { id, createdAt, bytes, newBytes, state, verifiedAt, drilledAt, error } = backup;
  const now = useNow(30_000);
  const verify = useAct(() => post(`/operator/backups/${encodeURIComponent(id)}/verification`), {
    refresh: ['operator-backups', 'operator-jobs'],
    said: words.verifying,
    toastsErrors: true,
  });
  return (
    <Row
      title={<Time at={createdAt} />}
      marks={<Badge tone={tones[state] ?? 'neutral'}>{words.states[state] ?? state}</Badge>}
      note={
        <>
          {bytes > 0 && <>{words.bytes(formatAmount(bytes, 'bytes'), formatAmount(newBytes, 'bytes'))} · </>}
          {verifiedAt && (
            <>
              {words.verified} <Time at={verifiedAt} />
              {(drilledAt || state === 'done') && ' · '}
            </>
          )}
          {state === 'done' && !drilledAt && words.never}
          {drilledAt && (
            <>
              {words.drilled} <Time at={drilledAt} />
            </>
          )}
          {error && <span className="text-bad"> · {error.message}</span>}
        </>
      }
      side={
        state === 'done' && (
          <Button
            size="small"
            disabled={verify.isPending}
            aria-label={words.verifyLabel(formatRelative(createdAt, now))}
            onClick={() => verify.mutate()}
          >
            {words.verify}
          </Button>
        )
      }
    />
  );
}
