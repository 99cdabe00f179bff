import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { securityText } from '#text/security.ts';
import { text } from '#text/work.ts';
import { get, post } from '../../api/client.ts';
import type { SsoProvider, SsoTest } from '../../api/identity.ts';
import { Button } from '../../ui/button.tsx';
import { Notice } from '../../ui/feedback.tsx';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { Block } from '../../ui/form/block.tsx';
import { FormError } from '../../ui/form/form-error.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { linkClass } from '../../ui/link.ts';
import { Time } from '../../ui/time.tsx';
import { providerPath } from './queries.ts';

const words = securityText.sso;
const pollMs = 1_500;

interface Begun {
  testId: string;
  url: string;
  isBlocked: boolean;
}

/** Signs in once in another window and shows what the provider said. Nobody's session changes. */
export function TestBlock({ provider }: { provider: SsoProvider }) {
  const [begun, setBegun] = useState<Begun | null>(null);
  const begin = useAct(async () => {
    // Opened before the answer is there: a window that opens later counts as unasked for and is blocked.
    const opened = window.open('about:blank', '_blank');
    try {
      const test = await post<{ testId: string; url: string }>(`${providerPath(provider.id)}/test`, {});
      if (opened) opened.location.href = test.url;
      setBegun({ ...test, isBlocked: opened === null });
    } catch (error) {
      opened?.close();
      throw error;
    }
  });
  const { lastTest } = provider;
  return (
    <Block title={words.testTitle} note={words.testText}>
      <FormError error={begin.error} />
      {begun && <TestResult key={begun.testId} testId={begun.testId} blockedUrl={begun.isBlocked ? begun.url : null} />}
      {!begun && lastTest && (
        <p className={`mb-3 ${lastTest.ok ? 'text-good' : 'text-bad'}`}>
          {lastTest.ok ? words.testOk : `${words.testBad}${lastTest.error ? `: ${lastTest.error}` : ''}`}{' '}
          <span className="text-muted">
            (<Time at={lastTest.at} />)
          </span>
        </p>
      )}
      <Button disabled={begin.isPending} onClick={() => begin.mutate()}>
        {words.test}
      </Button>
    </Block>
  );
}

/** What a test found, as soon as it has found something. */
export function TestResult({ testId, blockedUrl = null }: { testId: string; blockedUrl?: string | null }) {
  const client = useQueryClient();
  const result = useQuery({
    queryKey: ['sso-test', testId],
    queryFn: ({ signal }) => get<SsoTest>(`/sso/tests/${encodeURIComponent(testId)}`, { signal }),
    refetchInterval: ({ state }) => (state.data && state.data.state !== 'waiting' ? false : pollMs),
  });
  const test = result.data;
  const isOver = test !== undefined && test.state !== 'waiting';
  useEffect(() => {
    if (isOver) void client.invalidateQueries({ queryKey: ['sso-provider'] });
  }, [isOver, client]);
  if (result.error) return <FormError error={result.error} />;
  if (!test || test.state === 'waiting') {
    return (
      <Notice tone="accent" role="status">
        {words.testWaiting}
        {blockedUrl && (
          <p className="mt-1">
            {words.testBlocked}{' '}
            <a href={blockedUrl} target="_blank" rel="noopener" className={linkClass}>
              {words.testOpen}
            </a>
          </p>
        )}
      </Notice>
    );
  }
  const isOk = test.state === 'ok';
  return (
    <Notice tone={isOk ? 'good' : 'bad'} role="status">
      <p className={`font-medium ${isOk ? 'text-good' : 'text-bad'}`}>{isOk ? words.testOk : words.testBad}</p>
      {test.error && (
        <p className="mt-1">
          <ForeignText value={test.error} />
        </p>
      )}
      {test.roles && <p className="mt-1">{words.testRoles(test.roles.length === 0 ? text.common.none : test.roles.join(', '))}</p>}
      {test.claims && <Claims claims={test.claims} />}
    </Notice>
  );
}

/** What the provider said. It is a stranger's text until the provider is trusted. */
function Claims({ claims }: { claims: Record<string, unknown> }) {
  return (
    <>
      <h3 className="mt-3 mb-1 font-medium text-note">{words.claims}</h3>
      <dl className="grid gap-x-4 gap-y-1 sm:grid-cols-[10rem_minmax(0,1fr)]">
        {Object.entries(claims).map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="wrap-anywhere font-mono text-muted text-note">{name}</dt>
            <dd className="mb-1.5 font-mono text-note sm:mb-0">
              <ForeignText value={typeof value === 'string' ? value : JSON.stringify(value)} cutAt={300} />
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}
