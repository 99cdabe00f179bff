import { useQuery } from '@tanstack/react-query';
import { ChartLine } from 'lucide-react';
import { analyticsText as words } from '#text/analytics.ts';
import { Empty, ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { Page } from '../../ui/page.tsx';
import { FigureTable } from '../analytics/figure-table.tsx';
import { asCount, asDollars } from '../analytics/format.ts';
import { figureName } from '../analytics/lines.ts';
import { volumesQuery } from '../analytics/queries.ts';
import { Help } from '../help/help.tsx';
import { OnlyOperators } from './only-operators.tsx';

/** How much each tenant does and what models cost for it. */
export default function VolumePage() {
  return (
    <OnlyOperators>
      <Volume />
    </OnlyOperators>
  );
}

const columns = ['cost', 'arrived', 'completed', 'failed', 'answered', 'plans'] as const;

function Volume() {
  const { data, error, isPending, refetch } = useQuery(volumesQuery);
  return (
    <Page title={words.operatorTitle} help={<Help topic="volume" />} width="wide">
      <p className="mb-4 text-muted">{words.operatorText}</p>
      {error && <ErrorBox error={error} onRetry={refetch} />}
      <div className="overflow-hidden rounded-card border border-line bg-panel empty:hidden">
        {isPending && <Skeleton rows={6} />}
        {data && data.items.length === 0 && <Empty icon={<ChartLine size={18} aria-hidden="true" />} title={words.noTenants} />}
        {data && data.items.length > 0 && (
          <FigureTable
            caption={words.operatorTitle}
            head={[words.tenant, ...columns.map(figureName)]}
            lines={data.items.map(({ tenant, costMicros, ...volume }) => ({
              key: tenant.id,
              cells: [
                tenant.name,
                asDollars(costMicros),
                ...[volume.arrived, volume.completed, volume.failed, volume.answered, volume.plans].map(asCount),
              ],
            }))}
          />
        )}
      </div>
    </Page>
  );
}
