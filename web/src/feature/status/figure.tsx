import type { ReactNode } from 'react';
import { Sparkline } from '../../ui/sparkline.tsx';

interface FigureProps {
  label: string;
  /** What the figure means, on hover and for screen readers. */
  help: string;
  value: ReactNode;
  note?: ReactNode;
  /** Its last hour. */
  line?: readonly (number | null)[];
  max?: number;
}

/** One number with its name, its meaning and its last hour. */
export function Figure({ label, help, value, note, line, max }: FigureProps) {
  return (
    <div className="flex min-w-0 flex-col rounded-card border border-line bg-panel px-4 py-3" title={help}>
      <dt className="text-muted text-note">
        {label}
        <span className="sr-only">: {help}</span>
      </dt>
      <dd className="mt-0.5 min-w-0">
        <span className="block truncate font-semibold text-title tabular-nums">{value}</span>
        {note && <span className="block text-muted text-note">{note}</span>}
      </dd>
      {line && (
        <dd className="mt-auto pt-2" aria-hidden="true">
          <Sparkline points={line} {...(max !== undefined && { max })} />
        </dd>
      )}
    </div>
  );
}

/** Figures side by side. */
export const Figures = ({ children }: { children: ReactNode }) => (
  <dl className="mb-7 grid grid-cols-2 gap-3 lg:grid-cols-4">{children}</dl>
);
