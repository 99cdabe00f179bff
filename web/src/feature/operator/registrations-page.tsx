import { UserPlus } from 'lucide-react';
import { operatorText } from '#text/operator.ts';
import { post } from '../../api/client.ts';
import { Button } from '../../ui/button.tsx';
import { Empty } from '../../ui/feedback.tsx';
import { ListCard, Row } from '../../ui/form/list-card.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { Page } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';
import { Help } from '../help/help.tsx';
import { OnlyOperators } from './only-operators.tsx';
import { registrationsQuery } from './queries.ts';

const words = operatorText;

/** Who asks for a tenant and waits for a decision. */
export default function RegistrationsPage() {
  return (
    <OnlyOperators>
      <Registrations />
    </OnlyOperators>
  );
}

function Registrations() {
  const decide = useAct(
    ({ id, verb }: { id: string; verb: 'approve' | 'reject' }) => post(`/operator/registrations/${encodeURIComponent(id)}/${verb}`, {}),
    {
      refresh: ['operator-registrations', 'operator-tenants'],
      said: ({ verb }) => (verb === 'approve' ? words.approved : words.rejected),
      toastsErrors: true,
    },
  );
  return (
    <Page title={words.registrations} help={<Help topic="registrations" />}>
      <ListCard
        query={registrationsQuery}
        keyOf={(registration) => registration.id}
        empty={
          <Empty icon={<UserPlus size={18} aria-hidden="true" />} title={words.registrationsNone}>
            {words.registrationsNoneText}
          </Empty>
        }
      >
        {(registration) => (
          <Row
            title={registration.tenantName}
            note={
              <>
                {registration.name} · {registration.email} · {words.asked} <Time at={registration.createdAt} />
              </>
            }
            side={
              <>
                <Button
                  look="quiet"
                  size="small"
                  disabled={decide.isPending}
                  aria-label={words.rejectLabel(registration.tenantName)}
                  onClick={() => decide.mutate({ id: registration.id, verb: 'reject' })}
                >
                  {words.reject}
                </Button>
                <Button
                  size="small"
                  disabled={decide.isPending}
                  aria-label={words.approveLabel(registration.tenantName)}
                  onClick={() => decide.mutate({ id: registration.id, verb: 'approve' })}
                >
                  {words.approve}
                </Button>
              </>
            }
          />
        )}
      </ListCard>
    </Page>
  );
}
