import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { policiesText } from '#text/policies.ts';
import { ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { TopicPage } from '../settings/topic-page.tsx';
import { useMay } from '../settings/topics.tsx';
import { PolicyEditor } from './policy-editor.tsx';
import { PolicyForm } from './policy-form.tsx';
import { policyQuery } from './queries.ts';
import { VersionList } from './version-list.tsx';
import { policyViews } from './views.ts';

const words = policiesText;
const route = getRouteApi('/settings/policies');

/** What runs alone, what is asked and what never happens: as a form, as text, and as it was before. */
export default function PoliciesPage() {
  const { view = 'form' } = route.useSearch();
  const policy = useQuery(policyQuery);
  const mayWrite = useMay('policy:write');
  return (
    <TopicPage topic="policies" intro={words.intro}>
      <nav aria-label={words.viewsLabel} className="mb-4">
        <ul className="flex flex-wrap gap-1">
          {policyViews.map((one) => (
            <li key={one}>
              <Link
                to="/settings/policies"
                search={one === 'form' ? {} : { view: one }}
                replace
                aria-current={one === view ? 'page' : undefined}
                className="inline-flex h-8 items-center rounded-control px-3 font-medium text-muted hover:bg-hover hover:text-ink aria-[current=page]:bg-hover aria-[current=page]:text-ink touch:h-11"
              >
                {words.views[one]}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      {policy.error && !policy.data && <ErrorBox error={policy.error} onRetry={policy.refetch} />}
      {policy.isPending && <Skeleton rows={6} />}
      {policy.data && view === 'form' && <PolicyForm policy={policy.data} mayWrite={mayWrite} />}
      {policy.data && view === 'text' && <PolicyEditor policy={policy.data} mayWrite={mayWrite} />}
      {policy.data && view === 'versions' && <VersionList policy={policy.data} mayWrite={mayWrite} />}
    </TopicPage>
  );
}
