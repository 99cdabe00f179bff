import type { ReactNode } from 'react';

/** A part of the page that scrolls by itself, reachable by keyboard and with a name. */
export function ScrollBox({ label, className, children }: { label: string; className: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for inputs
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <div tabIndex={0} role="group" aria-label={label} className={`relative overflow-auto -outline-offset-2 ${className}`}>
      {children}
    </div>
  );
}
