import { peopleText } from '#text/people.ts';
import { text } from '#text/work.ts';
import type { Account } from '../../api/identity.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Row } from '../../ui/form/list-card.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { Section } from '../../ui/page.tsx';
import { changeTenant, usePerson } from '../session/session.ts';

const words = peopleText.account;

/** The tenants of the person, and the operator's area for those who have it. */
export function TenantSection({ account }: { account: Account }) {
  const isOperating = usePerson().tenant === null;
  const change = useAct(changeTenant, { toastsErrors: true });
  if (account.tenants.length === 0 && !account.operator) return null;
  return (
    <Section title={words.tenants}>
      <ul className="divide-y divide-line">
        {account.tenants.map((tenant) => (
          <li key={tenant.id}>
            <Row
              title={tenant.name}
              note={tenant.roles.join(', ')}
              marks={tenant.current && <Badge tone="accent">{words.tenantCurrent}</Badge>}
              side={
                !tenant.current && (
                  <Button
                    size="small"
                    disabled={change.isPending}
                    aria-label={words.tenantOpenLabel(tenant.name)}
                    onClick={() => change.mutate(tenant.id)}
                  >
                    {words.tenantOpen}
                  </Button>
                )
              }
            />
          </li>
        ))}
        {account.operator && (
          <li>
            <Row
              title={words.operator}
              note={words.operatorText}
              marks={isOperating && <Badge tone="accent">{words.tenantCurrent}</Badge>}
              side={
                !isOperating && (
                  <Button size="small" disabled={change.isPending} onClick={() => change.mutate(null)}>
                    {text.nav.operator}
                  </Button>
                )
              }
            />
          </li>
        )}
      </ul>
    </Section>
  );
}
