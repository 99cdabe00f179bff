import { formatExact, formatRelative, formatShort } from '../format.ts';
import { useNow } from './use-now.ts';

/** A time relative to now, or short for a column; the exact one with its zone on hover. */
export function Time({ at, short = false }: { at: string; short?: boolean }) {
  const now = useNow(30_000);
  return (
    <time dateTime={at} title={formatExact(at)} className="whitespace-nowrap">
      {short ? formatShort(at, now) : formatRelative(at, now)}
    </time>
  );
}
