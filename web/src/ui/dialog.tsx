import { Dialog as Base } from '@base-ui/react/dialog';
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { text } from '#text/work.ts';
import { IconButton } from './button.tsx';

interface DialogProps {
  isOpen: boolean;
  onClose: () => void;
  title: string;
  /** Keeps the title for screen readers only. */
  hideTitle?: boolean;
  children: ReactNode;
  footer?: ReactNode;
  wide?: boolean;
  /** Opened over another dialog that is not around it: Escape closes this one and leaves the other. */
  isAbove?: boolean;
}

/** A modal dialog; on a phone a sheet from the bottom. Focus stays inside and returns to the opener. */
export function Dialog({ isOpen, onClose, title, hideTitle = false, children, footer, wide = false, isAbove = false }: DialogProps) {
  return (
    <Base.Root open={isOpen} onOpenChange={(open) => !open && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 bg-veil transition-opacity duration-100 data-ending-style:opacity-0 data-starting-style:opacity-0" />
        <Base.Popup
          data-modal
          onKeyDown={(event) => {
            if (!isAbove || event.key !== 'Escape') return;
            event.stopPropagation();
            onClose();
          }}
          className={`fixed inset-x-0 bottom-0 z-50 flex max-h-[88dvh] flex-col overflow-hidden rounded-t-card bg-panel shadow-float outline-none transition-[opacity,scale] duration-100 data-ending-style:opacity-0 data-starting-style:scale-[0.98] data-starting-style:opacity-0 sm:inset-x-auto sm:top-[14dvh] sm:bottom-auto sm:left-1/2 sm:max-h-[76dvh] sm:w-[calc(100vw-3rem)] sm:-translate-x-1/2 sm:rounded-card ${wide ? 'sm:max-w-2xl' : 'sm:max-w-lg'}`}
        >
          {hideTitle ? (
            <Base.Title className="sr-only">{title}</Base.Title>
          ) : (
            <div className="flex items-center justify-between gap-3 px-5 pt-4">
              <Base.Title className="font-semibold text-lead">{title}</Base.Title>
              <IconButton label={text.common.close} onClick={onClose} className="-mr-2">
                <X size={16} aria-hidden="true" />
              </IconButton>
            </div>
          )}
          {children}
          {footer && (
            <div className="flex justify-end gap-2 border-line border-t px-5 pt-3 pb-[calc(0.75rem+env(safe-area-inset-bottom))] touch:*:flex-1">
              {footer}
            </div>
          )}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

/** The scrolling middle of a dialog. */
export function DialogBody({ children }: { children: ReactNode }) {
  return <div className="min-h-0 flex-1 overflow-y-auto px-5 pt-2 pb-5">{children}</div>;
}
