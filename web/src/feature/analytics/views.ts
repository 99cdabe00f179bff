import { type BucketSize, bucketSizes } from '../../api/analytics.ts';

/** What the figures shown are about. */
export const analyticsViews = ['work', 'approvals', 'cost', 'value', 'satisfaction'] as const;
export type AnalyticsView = (typeof analyticsViews)[number];

/** What the address says of the page. */
export interface AnalyticsSearch {
  view?: AnalyticsView;
  from?: string;
  to?: string;
  bucket?: BucketSize;
}

const isDay = (value: unknown): value is string => typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value);

/** What of an address means something. */
export function readSearch(search: Record<string, unknown>): AnalyticsSearch {
  const view = analyticsViews.find((one) => one === search.view);
  const bucket = bucketSizes.find((one) => one === search.bucket);
  return {
    ...(view && { view }),
    ...(isDay(search.from) && { from: search.from }),
    ...(isDay(search.to) && { to: search.to }),
    ...(bucket && { bucket }),
  };
}
