import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Hourglass } from 'lucide-react';
import { operatorText } from '#text/operator.ts';
import { shortId } from '../../format.ts';
import { Empty } from '../../ui/feedback.tsx';
import { ListCard } from '../../ui/form/list-card.tsx';
import { linkClass } from '../../ui/link.ts';
import { Page } from '../../ui/page.tsx';
import { Help } from '../help/help.tsx';
import { JobRow } from '../settings/job-row.tsx';
import { OnlyOperators } from './only-operators.tsx';
import { operatorJobsQuery, tenantsQuery } from './queries.ts';

const words = operatorText;

/** Long-running work of all tenants. */
export default function JobsPage() {
  // Names of the newest tenants; one that is not among them is shown by its id.
  const tenants = useInfiniteQuery(tenantsQuery({})).data?.pages.flatMap(({ items }) => items) ?? [];
  const names = new Map(tenants.map(({ id, name }) => [id, name]));
  return (
    <OnlyOperators>
      <Page title={words.jobs} help={<Help topic="jobs" />}>
        <ListCard
          query={operatorJobsQuery()}
          keyOf={(job) => job.id}
          empty={
            <Empty icon={<Hourglass size={18} aria-hidden="true" />} title={words.jobsNone}>
              {words.jobsNoneText}
            </Empty>
          }
        >
          {(job) => (
            <JobRow
              job={job}
              about={
                job.tenantId && (
                  <>
                    <Link to="/operator/tenants/$tenantId" params={{ tenantId: job.tenantId }} className={linkClass}>
                      {names.get(job.tenantId) ?? shortId(job.tenantId)}
                    </Link>{' '}
                    ·{' '}
                  </>
                )
              }
            />
          )}
        </ListCard>
      </Page>
    </OnlyOperators>
  );
}
