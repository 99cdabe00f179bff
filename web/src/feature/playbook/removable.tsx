import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { IconButton } from '../../ui/button.tsx';

/** One of several that can be taken away. */
export function Removable({ label, onRemove, children }: { label: string; onRemove: () => void; children: ReactNode }) {
  return (
    <div className="mb-3 flex items-start gap-1 rounded-popup border border-line bg-bg p-3">
      <div className="min-w-0 flex-1">{children}</div>
      <IconButton label={label} onClick={onRemove}>
        <X size={15} aria-hidden="true" />
      </IconButton>
    </div>
  );
}
