interface MeterProps {
  label: string;
  /** From 0 to 100; more is drawn as full. */
  percent: number;
  /** Something that moves towards its end, not something that fills up: no mark, no warning. */
  isProgress?: boolean;
}

/** How full something is, with a mark at 80 %. For the eye only: the words beside it say the same. */
export function Meter({ label, percent, isProgress = false }: MeterProps) {
  const shown = Math.min(100, Math.max(0, percent));
  const tone = isProgress || percent < 80 ? 'fill-accent' : percent < 100 ? 'fill-warn' : 'fill-bad';
  const bar = (
    <svg viewBox="0 0 100 2" preserveAspectRatio="none" className="block size-full" aria-hidden="true">
      <rect width={shown} height="2" className={tone} />
      {!isProgress && <rect x="79.8" width="0.4" height="2" className="fill-field" />}
    </svg>
  );
  if (!isProgress) return <div className={className}>{bar}</div>;
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(shown)}
      className={className}
    >
      {bar}
    </div>
  );
}

const className = 'h-1.5 w-full overflow-hidden rounded-full bg-hover ring-1 ring-line ring-inset';
