import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { operatorText } from '#text/operator.ts';
import { put } from '../../api/client.ts';
import type { TenantItem } from '../../api/tenancy.ts';
import { buttonClass } from '../../ui/button.tsx';
import { Crumb } from '../../ui/crumb.tsx';
import { Empty, ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { CheckField } from '../../ui/field.tsx';
import { ListCard } from '../../ui/form/list-card.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { Id } from '../../ui/id.tsx';
import { Page, Section } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';
import { Help } from '../help/help.tsx';
import { JobRow } from '../settings/job-row.tsx';
import { LifeBlock } from './life.tsx';
import { OnlyOperators } from './only-operators.tsx';
import { operatorJobsQuery, tenantPath, tenantQuery } from './queries.ts';
import { QuotaForm } from './quota-form.tsx';
import { TenantBadge } from './tenant-state.tsx';

const words = operatorText;
const route = getRouteApi('/operator/tenants/$tenantId');

/** One tenant as an operator sees it: where it stands, its limits, its work, its end. Never what is inside. */
export default function TenantPage() {
  return (
    <OnlyOperators>
      <Tenant />
    </OnlyOperators>
  );
}

function Tenant() {
  const { tenantId } = route.useParams();
  const tenant = useQuery(tenantQuery(tenantId));
  return (
    <Page title={tenant.data?.name ?? words.tenants} heading={<Crumb to="/operator" label={words.back} />} help={<Help topic="tenant" />}>
      {tenant.error && !tenant.data && <ErrorBox error={tenant.error} onRetry={tenant.refetch} />}
      {!tenant.data && <h1 className="sr-only">{words.tenants}</h1>}
      {tenant.isPending && <Skeleton rows={5} />}
      {tenant.data && <Facts tenant={tenant.data} />}
    </Page>
  );
}

function Facts({ tenant }: { tenant: TenantItem }) {
  return (
    <>
      <div className="mb-1 flex flex-wrap items-center gap-x-3 gap-y-1">
        <h1 className="wrap-anywhere font-semibold text-title">{tenant.name}</h1>
        <TenantBadge state={tenant.state} />
      </div>
      <p className="mb-6 flex flex-wrap items-center gap-x-2 text-muted">
        <Id value={tenant.id} shown={tenant.id} />
        <span>
          · {tenant.title !== tenant.name && `${tenant.title} · `}
          {words.since} <Time at={tenant.createdAt} short />
        </span>
        {tenant.stateReason && <span>· {tenant.stateReason}</span>}
        {tenant.erasesAt && (
          <span className="text-bad">
            {' '}
            · {words.erasesAt} <Time at={tenant.erasesAt} />
          </span>
        )}
      </p>
      {tenant.state !== 'erased' && <QuotaForm tenantId={tenant.id} />}
      {tenant.state !== 'erased' && <ModelKeySwitch tenant={tenant} />}
      <Section title={words.jobs} card={false}>
        <ListCard
          query={operatorJobsQuery(tenant.id)}
          keyOf={(job) => job.id}
          rows={1}
          empty={<Empty title={words.jobsNone}>{words.jobsOfTenant}</Empty>}
        >
          {(job) => <JobRow job={job} />}
        </ListCard>
      </Section>
      {tenant.state === 'erased' ? (
        <a href={`/api/v1${tenantPath(tenant.id)}/certificate`} download className={buttonClass('plain')}>
          {words.certificate}
        </a>
      ) : (
        <LifeBlock tenant={tenant} />
      )}
    </>
  );
}

/** What this tenant plans is then paid by the operator. */
function ModelKeySwitch({ tenant }: { tenant: TenantItem }) {
  const change = useAct((maySpendOperatorModelKey: boolean) => put(tenantPath(tenant.id), { maySpendOperatorModelKey }), {
    refresh: ['operator-tenant'],
    said: words.saved,
    toastsErrors: true,
  });
  return (
    <div className="mb-7 rounded-card border border-line bg-panel px-4 py-3 sm:px-5">
      <CheckField
        label={words.modelKey}
        help={words.modelKeyHelp}
        checked={tenant.maySpendOperatorModelKey ?? false}
        disabled={change.isPending}
        onChange={(event) => change.mutate(event.target.checked)}
      />
    </div>
  );
}
