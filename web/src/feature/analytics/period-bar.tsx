import { analyticsText as words } from '#text/analytics.ts';
import { bucketSizes } from '../../api/analytics.ts';
import { TextField } from '../../ui/field.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';
import { daysBack } from './format.ts';
import type { AnalyticsSearch } from './views.ts';

const presets = { d7: 7, d30: 30, d90: 90, d365: 365 } as const;

interface PeriodBarProps {
  search: AnalyticsSearch;
  /** The days that the figures are about now. */
  days: { from: string; to: string };
  today: string;
  onChange: (change: Pick<AnalyticsSearch, 'from' | 'to' | 'bucket'>) => void;
}

/** Which days, and what one point stands for: both are in the address. */
export function PeriodBar({ search, days, today, onChange }: PeriodBarProps) {
  const isPreset = (length: number) => days.to === today && days.from === daysBack(today, length - 1);
  const chosen = Object.entries(presets).find(([, length]) => isPreset(length))?.[0] ?? 'own';
  const choose = (name: string) => {
    const length = Object.entries(presets).find(([preset]) => preset === name)?.[1];
    if (length !== undefined) onChange({ ...(length !== presets.d90 && { from: daysBack(today, length - 1) }), ...bucketOf(search) });
  };
  return (
    <div className="mb-5 grid grid-cols-2 gap-x-3 gap-y-3 *:mb-0 lg:grid-cols-4">
      <SelectField
        label={words.period}
        value={chosen}
        choices={Object.entries(words.periods).map(([value, label]) => ({ value, label }))}
        onChange={(event) => choose(event.target.value)}
      />
      <SelectField
        label={words.by}
        value={search.bucket ?? 'week'}
        choices={bucketSizes.map((size) => ({ value: size, label: words.sizes[size] }))}
        onChange={(event) => {
          const bucket = bucketSizes.find((size) => size === event.target.value);
          onChange({ ...periodOf(search), ...(bucket && bucket !== 'week' && { bucket }) });
        }}
      />
      <TextField
        label={words.from}
        type="date"
        value={days.from}
        max={days.to}
        onChange={(event) => event.target.value !== '' && onChange({ from: event.target.value, to: days.to, ...bucketOf(search) })}
      />
      <TextField
        label={words.to}
        type="date"
        value={days.to}
        min={days.from}
        onChange={(event) => event.target.value !== '' && onChange({ from: days.from, to: event.target.value, ...bucketOf(search) })}
      />
    </div>
  );
}

const bucketOf = ({ bucket }: AnalyticsSearch) => (bucket === undefined ? {} : { bucket });
const periodOf = ({ from, to }: AnalyticsSearch) => ({ ...(from !== undefined && { from }), ...(to !== undefined && { to }) });
