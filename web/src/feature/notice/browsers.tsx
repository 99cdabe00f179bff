import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Bell, BellOff } from 'lucide-react';
import { noticesText } from '#text/notices.ts';
import { post, remove } from '../../api/client.ts';
import type { PushBrowser } from '../../api/notices.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { Row } from '../../ui/form/list-card.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { Section } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';
import { toast } from '../../ui/toast.tsx';
import { usePerson } from '../session/session.ts';
import { canPush } from './can-push.ts';
import { browsersQuery } from './queries.ts';

const words = noticesText.browsers;
/** Loaded with the page's own start as well; here only when somebody asks for it. */
const worker = () => import('./worker.ts');

/** The browsers in which one is told, and this one above all. */
export function BrowserSection() {
  const browsers = useQuery(browsersQuery);
  const client = useQueryClient();
  const { actor } = usePerson().principal;
  const here = browsers.data?.items.find(({ isThis }) => isThis);
  const start = useAct(async (publicKey: string) => (await worker()).startPush(publicKey, actor), {
    toastsErrors: true,
    onDone: async (id) => {
      if (id === null) return toast(words.denied, { tone: 'bad' });
      await client.invalidateQueries({ queryKey: browsersQuery.queryKey });
      return toast(words.started);
    },
  });
  const stop = useAct(
    async ({ id }: PushBrowser) => {
      await remove(pathOf(id));
      await (await worker()).stopPush();
    },
    { refresh: ['push-browsers'], said: words.stopped, toastsErrors: true },
  );
  const side =
    browsers.data === undefined || !canPush() ? undefined : here ? (
      <Button size="small" disabled={stop.isPending} onClick={() => stop.mutate(here)}>
        <BellOff size={13} aria-hidden="true" />
        {words.stop}
      </Button>
    ) : (
      <Button size="small" look="primary" disabled={start.isPending} onClick={() => start.mutate(browsers.data.publicKey)}>
        <Bell size={13} aria-hidden="true" />
        {words.start}
      </Button>
    );
  return (
    <Section title={words.title} side={side}>
      {browsers.error && !browsers.data && <ErrorBox error={browsers.error} onRetry={browsers.refetch} />}
      {browsers.isPending && <Skeleton rows={1} />}
      {!canPush() && <p className="px-4 py-3 text-muted">{words.unsupported}</p>}
      {browsers.data?.items.length === 0 && canPush() && <p className="px-4 py-3 text-muted">{words.none}</p>}
      {browsers.data && browsers.data.items.length > 0 && (
        <ul className="divide-y divide-line">
          {browsers.data.items.map((browser) => (
            <li key={browser.id}>
              <BrowserRow browser={browser} />
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

function BrowserRow({ browser }: { browser: PushBrowser }) {
  const { id, name, createdAt, sentAt, isThis } = browser;
  const attempt = useAct(() => post<{ taken: boolean; message: string | null }>(`${pathOf(id)}/test`), {
    refresh: ['push-browsers'],
    toastsErrors: true,
    onDone: ({ taken, message }) => (taken ? toast(words.tried) : toast(words.notTaken(message ?? ''), { tone: 'bad' })),
  });
  const removal = useAct(() => remove(pathOf(id)), { refresh: ['push-browsers'], said: words.removed, toastsErrors: true });
  return (
    <Row
      title={name}
      marks={isThis && <Badge tone="accent">{words.here}</Badge>}
      note={
        <>
          {words.added} <Time at={createdAt} />
          {sentAt && (
            <>
              {' '}
              · {words.last} <Time at={sentAt} />
            </>
          )}
        </>
      }
      side={
        <>
          <Button look="quiet" size="small" aria-label={words.tryLabel(name)} disabled={attempt.isPending} onClick={() => attempt.mutate()}>
            {words.try}
          </Button>
          {!isThis && (
            <Button
              look="quiet"
              size="small"
              aria-label={words.removeLabel(name)}
              disabled={removal.isPending}
              onClick={() => removal.mutate()}
            >
              {words.remove}
            </Button>
          )}
        </>
      }
    />
  );
}

const pathOf = (id: string): string => `/me/push-subscriptions/${encodeURIComponent(id)}`;
