import type { ReactNode } from 'react';
import { cx } from './cx.ts';

export type Tone = 'neutral' | 'accent' | 'good' | 'warn' | 'bad';

const tones: Record<Tone, string> = {
  neutral: 'text-muted border-line bg-hover',
  accent: 'text-accent border-accent/30 bg-accent-soft',
  good: 'text-good border-good/30 bg-good-soft',
  warn: 'text-warn border-warn/30 bg-warn-soft',
  bad: 'text-bad border-bad/30 bg-bad-soft',
};

/** A word with a dot in its tone: colour is never the only sign. */
export function Badge({ tone = 'neutral', children, icon }: { tone?: Tone; children: ReactNode; icon?: ReactNode }) {
  return (
    <span
      className={cx(
        'inline-flex h-5 shrink-0 items-center gap-1.5 whitespace-nowrap rounded-full border px-2 font-medium text-[0.6875rem] leading-none',
        tones[tone],
      )}
    >
      {icon ?? <span aria-hidden="true" className="size-1.5 rounded-full bg-current" />}
      {children}
    </span>
  );
}
