import { getRouteApi, Link } from '@tanstack/react-router';
import { ChevronRight, LogIn } from 'lucide-react';
import { useState } from 'react';
import { securityText } from '#text/security.ts';
import { text } from '#text/work.ts';
import type { SsoProvider } from '../../api/identity.ts';
import { Badge } from '../../ui/badge.tsx';
import { Empty, Notice } from '../../ui/feedback.tsx';
import { ListCard } from '../../ui/form/list-card.tsx';
import { NewButton } from '../../ui/form/new-button.tsx';
import { TopicPage } from '../settings/topic-page.tsx';
import { useMay } from '../settings/topics.tsx';
import { NewProviderDialog } from './new-provider.tsx';
import { providersQuery } from './queries.ts';
import { TestResult } from './test-block.tsx';

const words = securityText.sso;
const route = getRouteApi('/settings/sso');

/** The identity providers of the tenant. */
export default function ProvidersPage() {
  const { test, error } = route.useSearch();
  const mayAdmin = useMay('security:admin');
  const [isAdding, setAdding] = useState(false);
  return (
    <TopicPage topic="sso" intro={words.intro} side={mayAdmin && <NewButton label={words.new} onClick={() => setAdding(true)} />}>
      {test !== undefined && (
        <>
          <TestResult testId={test} />
          <p className="-mt-2 mb-5 text-muted">{words.testClose}</p>
        </>
      )}
      {error !== undefined && (
        <Notice tone="bad" role="alert">
          {text.errors.codes[error] ?? words.testFailedText}
        </Notice>
      )}
      <ListCard
        query={providersQuery}
        keyOf={(provider) => provider.id}
        rows={2}
        empty={
          <Empty icon={<LogIn size={18} aria-hidden="true" />} title={words.none}>
            {words.noneText}
          </Empty>
        }
      >
        {(provider) => <ProviderRow provider={provider} />}
      </ListCard>
      {isAdding && <NewProviderDialog onClose={() => setAdding(false)} />}
    </TopicPage>
  );
}

function ProviderRow({ provider }: { provider: SsoProvider }) {
  const { lastTest } = provider;
  const facts = [words.kinds[provider.kind], words.domains(provider.domains.length)];
  return (
    <div data-row>
      <Link
        to="/settings/sso/$providerId"
        params={{ providerId: provider.id }}
        data-row-link
        className="flex min-h-14 items-center gap-3 px-4 py-2.5 -outline-offset-2 hover:bg-hover"
      >
        <span className="min-w-0 flex-1">
          <span className="flex flex-wrap items-center gap-2">
            <span className="font-medium">{provider.name}</span>
            <Badge tone={provider.enabled ? 'good' : 'neutral'}>{provider.enabled ? words.on : words.off}</Badge>
            {!lastTest && <Badge tone="warn">{words.untested}</Badge>}
            {lastTest && !lastTest.ok && <Badge tone="bad">{words.testFailed}</Badge>}
          </span>
          <span className="block text-muted text-note">{facts.join(' · ')}</span>
        </span>
        <ChevronRight size={15} aria-hidden="true" className="text-muted" />
      </Link>
    </div>
  );
}
