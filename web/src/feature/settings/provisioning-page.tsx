import { queryOptions, useQuery } from '@tanstack/react-query';
import { RefreshCw } from 'lucide-react';
import { useState } from 'react';
import { securityText } from '#text/security.ts';
import { get, post } from '../../api/client.ts';
import type { ScimSettings, ScimToken } from '../../api/identity.ts';
import { listQuery } from '../../api/list.ts';
import { Button } from '../../ui/button.tsx';
import { Empty, ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { TextField } from '../../ui/field.tsx';
import { CopyValue } from '../../ui/form/copy-value.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { ListCard, Row } from '../../ui/form/list-card.tsx';
import { NewButton } from '../../ui/form/new-button.tsx';
import { Removal } from '../../ui/form/removal.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { Section } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';
import { ScimRoleForm } from './scim-roles.tsx';
import { SecretDialog } from './secret-dialog.tsx';
import { TopicPage } from './topic-page.tsx';
import { useMay } from './topics.tsx';

const words = securityText.scim;
const scimQuery = queryOptions({ queryKey: ['scim'], queryFn: ({ signal }) => get<ScimSettings>('/scim', { signal }) });
const tokensQuery = listQuery<ScimToken>('scim-tokens', '/scim/tokens');

type Open = { kind: 'new' } | { kind: 'made'; token: string } | { kind: 'revoke'; token: ScimToken };

/** Where a directory writes to, and the tokens it uses. */
export default function ProvisioningPage() {
  const mayAdmin = useMay('security:admin');
  const scim = useQuery(scimQuery);
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  return (
    <TopicPage
      topic="provisioning"
      intro={words.intro}
      side={mayAdmin && <NewButton label={words.new} onClick={() => setOpen({ kind: 'new' })} />}
    >
      {scim.error && <ErrorBox error={scim.error} onRetry={scim.refetch} />}
      {scim.isPending && <Skeleton rows={1} />}
      {scim.data && <CopyValue label={words.address} value={scim.data.url} />}
      <Section title={words.tokens} card={false}>
        <ListCard
          query={tokensQuery}
          keyOf={(token) => token.id}
          rows={2}
          empty={
            <Empty icon={<RefreshCw size={18} aria-hidden="true" />} title={words.none}>
              {words.noneText}
            </Empty>
          }
        >
          {(token) => (
            <Row
              title={token.name}
              note={
                <>
                  <span className="font-mono">{token.start}…</span> ·{' '}
                  {token.lastUsedAt ? (
                    <>
                      {words.used} <Time at={token.lastUsedAt} />
                    </>
                  ) : (
                    words.neverUsed
                  )}
                </>
              }
              side={
                mayAdmin && (
                  <Button
                    look="quiet"
                    size="small"
                    aria-label={words.revokeLabel(token.name)}
                    onClick={() => setOpen({ kind: 'revoke', token })}
                  >
                    {words.revoke}
                  </Button>
                )
              }
            />
          )}
        </ListCard>
      </Section>
      {scim.data && <ScimRoleForm roles={scim.data.roles} isReadOnly={!mayAdmin} />}
      {open?.kind === 'new' && <TokenDialog onMade={(token) => setOpen({ kind: 'made', token })} onClose={close} />}
      {open?.kind === 'made' && (
        <SecretDialog
          title={words.madeTitle}
          text={words.madeText}
          label={words.token}
          value={open.token}
          done={words.done}
          onClose={close}
        />
      )}
      {open?.kind === 'revoke' && (
        <Removal
          path={`/scim/tokens/${encodeURIComponent(open.token.id)}`}
          refresh={['scim-tokens']}
          title={words.revokeTitle(open.token.name)}
          action={words.revoke}
          said={words.revoked}
          onClose={close}
        >
          {words.revokeText}
        </Removal>
      )}
    </TopicPage>
  );
}

function TokenDialog({ onMade, onClose }: { onMade: (token: string) => void; onClose: () => void }) {
  const [name, setName] = useState('');
  const make = useAct(() => post<{ id: string; token: string }>('/scim/tokens', { name: name.trim() }), {
    refresh: ['scim-tokens'],
    onDone: ({ token }) => onMade(token),
  });
  return (
    <FormDialog title={words.new} action={words.create} onClose={onClose} onSubmit={() => make.mutateAsync()}>
      <TextField
        label={words.name}
        help={words.nameHelp}
        required
        maxLength={60}
        autoFocus
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
    </FormDialog>
  );
}
