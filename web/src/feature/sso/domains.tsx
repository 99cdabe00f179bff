import { useState } from 'react';
import { securityText } from '#text/security.ts';
import { post, remove } from '../../api/client.ts';
import type { SsoDomain, SsoProvider } from '../../api/identity.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/field.tsx';
import { Block } from '../../ui/form/block.tsx';
import { CopyValue } from '../../ui/form/copy-value.tsx';
import { FormError } from '../../ui/form/form-error.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { toast } from '../../ui/toast.tsx';
import { providerPath } from './queries.ts';

const words = securityText.sso;
const refresh = ['sso-provider', 'sso-providers'];

/** The domains whose people are sent to this provider, each with the record that proves it. */
export function DomainBlock({ provider, isReadOnly }: { provider: SsoProvider; isReadOnly: boolean }) {
  const [domain, setDomain] = useState('');
  const add = useAct(() => post(`${providerPath(provider.id)}/domains`, { domain: domain.trim().toLowerCase() }), {
    refresh,
    onDone: () => setDomain(''),
  });
  return (
    <Block title={words.domainTitle} note={words.domainText}>
      <ul className="mb-4 flex flex-col gap-3 empty:hidden">
        {provider.domains.map((item) => (
          <li key={item.domain} className="rounded-popup border border-line p-3">
            <Domain path={`${providerPath(provider.id)}/domains/${encodeURIComponent(item.domain)}`} item={item} isReadOnly={isReadOnly} />
          </li>
        ))}
      </ul>
      {!isReadOnly && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            add.mutate();
          }}
        >
          <FormError error={add.error} />
          <div className="flex items-end gap-2">
            <div className="min-w-0 flex-1">
              <TextField
                label={words.domain}
                placeholder="example.com"
                required
                spellCheck={false}
                value={domain}
                onChange={(event) => setDomain(event.target.value)}
              />
            </div>
            <Button type="submit" disabled={add.isPending}>
              {words.domainAdd}
            </Button>
          </div>
        </form>
      )}
    </Block>
  );
}

function Domain({ path, item, isReadOnly }: { path: string; item: SsoDomain; isReadOnly: boolean }) {
  const [found, setFound] = useState<string[] | null>(null);
  const check = useAct(() => post<{ state: SsoDomain['state']; found: string[] }>(`${path}/verify`, {}), {
    refresh,
    toastsErrors: true,
    onDone: (answer) => {
      if (answer.state === 'verified') toast(words.proven(item.domain));
      else setFound(answer.found);
    },
  });
  const removal = useAct(() => remove(path), { refresh, toastsErrors: true });
  const isVerified = item.state === 'verified';
  return (
    <>
      <div className="flex flex-wrap items-center gap-2">
        <span className="wrap-anywhere flex-1 font-medium">{item.domain}</span>
        <Badge tone={isVerified ? 'good' : 'warn'}>{isVerified ? words.domainVerified : words.domainUnverified}</Badge>
        {!isReadOnly && (
          <Button
            look="quiet"
            size="small"
            disabled={removal.isPending}
            aria-label={words.domainRemoveLabel(item.domain)}
            onClick={() => removal.mutate()}
          >
            {words.domainRemove}
          </Button>
        )}
      </div>
      {!isVerified && (
        <div className="mt-2">
          <p className="mb-3 text-muted">{words.domainRecord}</p>
          <CopyValue label={words.recordName} value={item.record.name} />
          <CopyValue label={words.recordValue} value={item.record.value} />
          {found && (
            <p role="status" className="mb-3 text-warn">
              {words.notFound(found)}
            </p>
          )}
          {!isReadOnly && (
            <Button size="small" disabled={check.isPending} aria-label={words.checkLabel(item.domain)} onClick={() => check.mutate()}>
              {words.check}
            </Button>
          )}
        </div>
      )}
    </>
  );
}
