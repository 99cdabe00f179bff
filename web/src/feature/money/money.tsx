import { cx } from '../../ui/cx.ts';
import { formatMoney } from './amount.ts';

interface MoneyProps {
  amountMinor: number;
  currency: string;
  /** It counts no longer. */
  isVoid?: boolean;
}

/** An amount in a column of amounts. */
export function Money({ amountMinor, currency, isVoid = false }: MoneyProps) {
  return (
    <span className={cx('whitespace-nowrap text-right font-medium tabular-nums', isVoid && 'text-muted line-through')}>
      {formatMoney(amountMinor, currency)}
    </span>
  );
}
