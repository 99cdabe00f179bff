import type { ReactNode } from 'react';

/** A titled group of fields on a card. */
export function Block({ title, note, side, children }: { title: string; note?: ReactNode; side?: ReactNode; children: ReactNode }) {
  return (
    <section className="mb-6 rounded-card last:mb-2 border border-line bg-panel p-4 sm:p-5">
      <div className="mb-3 flex flex-wrap items-center justify-between gap-2">
        <h2 className="font-semibold text-lead">{title}</h2>
        {side}
      </div>
      {note && <p className="-mt-2 not-last:mb-4 text-muted">{note}</p>}
      {children}
    </section>
  );
}
