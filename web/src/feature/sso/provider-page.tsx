import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { securityText } from '#text/security.ts';
import { remove } from '../../api/client.ts';
import type { SsoProvider } from '../../api/identity.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { Block } from '../../ui/form/block.tsx';
import { Confirm } from '../../ui/form/confirm.tsx';
import { CopyValue } from '../../ui/form/copy-value.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { TopicPage } from '../settings/topic-page.tsx';
import { useMay } from '../settings/topics.tsx';
import { ConnectionForm } from './connection-form.tsx';
import { DomainBlock } from './domains.tsx';
import { providerPath, providerQuery } from './queries.ts';
import { RoleForm } from './role-form.tsx';
import { TestBlock } from './test-block.tsx';

const words = securityText.sso;
const route = getRouteApi('/settings/sso/$providerId');

/** One identity provider, in the order in which it is set up: what to enter there, the connection, domains, roles, and a test of all of it. */
export default function ProviderPage() {
  const { providerId } = route.useParams();
  const provider = useQuery(providerQuery(providerId));
  return (
    <TopicPage
      topic="sso"
      title={provider.data?.name ?? words.kind}
      side={
        provider.data && <Badge tone={provider.data.enabled ? 'good' : 'neutral'}>{provider.data.enabled ? words.on : words.off}</Badge>
      }
    >
      {provider.error && !provider.data && <ErrorBox error={provider.error} onRetry={provider.refetch} />}
      {provider.isPending && <Skeleton rows={6} />}
      {provider.data && <Provider provider={provider.data} />}
    </TopicPage>
  );
}

function Provider({ provider }: { provider: SsoProvider }) {
  const mayAdmin = useMay('security:admin');
  const navigate = useNavigate();
  const [isAsking, setAsking] = useState(false);
  const removal = useAct(() => remove(providerPath(provider.id)), {
    refresh: ['sso-providers'],
    said: words.deleted,
    onDone: () => navigate({ to: '/settings/sso' }),
  });
  return (
    <>
      <Block title={words.own} note={words.ownText}>
        {(['redirectUri', 'acsUrl', 'entityId', 'metadataUrl'] as const).map((name) => {
          const value = provider.own[name];
          return value && <CopyValue key={name} label={words[name]} value={value} />;
        })}
      </Block>
      <ConnectionForm provider={provider} isReadOnly={!mayAdmin} />
      <DomainBlock provider={provider} isReadOnly={!mayAdmin} />
      <RoleForm provider={provider} isReadOnly={!mayAdmin} />
      {mayAdmin && <TestBlock provider={provider} />}
      {mayAdmin && (
        <Button look="danger" className="mt-6" onClick={() => setAsking(true)}>
          {words.delete}…
        </Button>
      )}
      {isAsking && (
        <Confirm
          title={words.deleteTitle(provider.name)}
          action={words.delete}
          onClose={() => setAsking(false)}
          onConfirm={() => removal.mutateAsync()}
        >
          {words.deleteText}
        </Confirm>
      )}
    </>
  );
}
