import { type ReactNode, useId } from 'react';

/** A word with what it means, shown while it is pointed at or focused. */
export function Definition({ means, children }: { means: string; children: ReactNode }) {
  const id = useId();
  return (
    <span className="group/definition relative inline-flex">
      <button
        type="button"
        aria-describedby={id}
        className="cursor-help text-left underline decoration-field decoration-dotted underline-offset-4 touch:min-h-6"
      >
        {children}
      </button>
      <span
        id={id}
        role="tooltip"
        className="absolute top-full left-0 z-40 mt-1 hidden w-56 rounded-popup bg-panel p-2.5 text-left font-normal text-ink text-note shadow-float ring-1 ring-line group-focus-within/definition:block group-hover/definition:block max-sm:fixed max-sm:inset-x-4 max-sm:top-auto max-sm:bottom-20 max-sm:w-auto"
      >
        {means}
      </span>
    </span>
  );
}
