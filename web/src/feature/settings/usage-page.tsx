import { queryOptions, useQuery } from '@tanstack/react-query';
import { Gauge } from 'lucide-react';
import { settingsText } from '#text/settings.ts';
import { get } from '../../api/client.ts';
import type { UsageItem } from '../../api/tenancy.ts';
import type { Page } from '../../api/types.ts';
import { formatAmount } from '../../format.ts';
import { Badge } from '../../ui/badge.tsx';
import { Empty, ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { Meter } from '../../ui/form/meter.tsx';
import { Time } from '../../ui/time.tsx';
import { TopicPage } from './topic-page.tsx';

const words = settingsText.usage;
const usageQuery = queryOptions({
  queryKey: ['usage'],
  queryFn: ({ signal }) => get<Page<UsageItem>>('/usage', { signal }),
  refetchInterval: 30_000,
});

/** What is used of what is granted, the fullest first. */
export default function UsagePage() {
  const usage = useQuery(usageQuery);
  const items = usage.data?.items.toSorted((a, b) => percentOf(b) - percentOf(a)) ?? [];
  return (
    <TopicPage topic="usage" intro={words.intro}>
      {usage.error && !usage.data && <ErrorBox error={usage.error} onRetry={usage.refetch} />}
      <div className="overflow-hidden rounded-card border border-line bg-panel empty:hidden">
        {usage.isPending && <Skeleton rows={6} />}
        {usage.data && items.length === 0 && (
          <Empty icon={<Gauge size={18} aria-hidden="true" />} title={words.none}>
            {words.noneText}
          </Empty>
        )}
        {items.length > 0 && (
          <ul className="divide-y divide-line">
            {items.map((item) => (
              <UsageRow key={item.quota} item={item} />
            ))}
          </ul>
        )}
      </div>
    </TopicPage>
  );
}

function UsageRow({ item }: { item: UsageItem }) {
  const percent = percentOf(item);
  const used = formatAmount(item.used, item.unit);
  return (
    <li className="px-4 py-3">
      <div className="mb-1.5 flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1">
        <span className="flex flex-wrap items-center gap-2 font-medium">
          {item.title}
          {item.alert === 100 && <Badge tone="bad">{words.full}</Badge>}
          {item.alert === 80 && <Badge tone="warn">{words.nearly}</Badge>}
        </span>
        <span className="tabular-nums">
          {item.limit === null ? used : words.of(used, formatAmount(item.limit, item.unit))}
          {item.limit === null && <span className="text-muted"> · {words.noLimit}</span>}
        </span>
      </div>
      {item.limit !== null && <Meter label={item.title} percent={percent} />}
      <p className="mt-1 text-muted text-note">
        {words.windows[item.window]}
        {item.resetsAt && (
          <>
            {' '}
            · {words.resets} <Time at={item.resetsAt} />
          </>
        )}
        {item.alert === 100 && ` · ${words.fullText}`}
      </p>
    </li>
  );
}

const percentOf = ({ used, limit }: UsageItem): number => (limit === null ? 0 : limit === 0 ? 100 : (used / limit) * 100);
