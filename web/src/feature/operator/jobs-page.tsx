import { Link } from '@tanstack/react-router';
import { Hourglass } from 'lucide-react';
import { operatorText } from '#text/operator.ts';
import { shortId } from '../../format.ts';
import { Empty } from '../../ui/feedback.tsx';
import { ListCard } from '../../ui/form/list-card.tsx';
import { linkClass } from '../../ui/link.ts';
import { Page } from '../../ui/page.tsx';
import { JobRow } from '../settings/job-row.tsx';
import { OnlyOperators } from './only-operators.tsx';
import { operatorJobsQuery } from './queries.ts';

const words = operatorText;

/** Long-running work of all tenants. */
export default function JobsPage() {
  return (
    <OnlyOperators>
      <Page title={words.jobs}>
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
                    <Link to="/operator/tenants/$tenantId" params={{ tenantId: job.tenantId }} className={`${linkClass} font-mono`}>
                      {shortId(job.tenantId)}
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
