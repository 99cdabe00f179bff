import { Toast as Base } from '@base-ui/react/toast';
import { CircleAlert, CircleCheck, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { text } from '#text/common.ts';

const manager = Base.createToastManager();

/** Says shortly what happened. Failures stay longer. */
export function toast(title: string, options: { description?: string; tone?: 'good' | 'bad' } = {}): void {
  const { description, tone = 'good' } = options;
  manager.add({ title, ...(description && { description }), type: tone, timeout: tone === 'bad' ? 10_000 : 5_000 });
}

/** Makes `toast` work below it. Mounted once, outside every grid. */
export function ToastProvider({ children }: { children: ReactNode }) {
  return (
    <Base.Provider toastManager={manager} limit={3}>
      {children}
      <Base.Portal>
        <Base.Viewport className="bottom-bar pointer-events-none fixed inset-x-0 z-60 flex flex-col items-center gap-2 p-3 sm:right-2 sm:bottom-2 sm:left-auto sm:w-96">
          <ToastList />
        </Base.Viewport>
      </Base.Portal>
    </Base.Provider>
  );
}

function ToastList() {
  const { toasts } = Base.useToastManager();
  return toasts.map((item) => (
    <Base.Root
      key={item.id}
      toast={item}
      className="pointer-events-auto w-full max-w-96 rounded-popup bg-panel shadow-float transition-opacity duration-150 data-ending-style:opacity-0 data-limited:hidden data-starting-style:opacity-0"
    >
      <Base.Content className="flex items-start gap-2.5 p-3">
        {item.type === 'bad' ? (
          <CircleAlert size={16} className="mt-0.5 shrink-0 text-bad" aria-hidden="true" />
        ) : (
          <CircleCheck size={16} className="mt-0.5 shrink-0 text-good" aria-hidden="true" />
        )}
        <div className="min-w-0 flex-1">
          <Base.Title className="font-medium" />
          <Base.Description className="wrap-anywhere line-clamp-3 text-muted" />
        </div>
        <Base.Close aria-label={text.common.close} className="rounded p-1 text-muted hover:bg-hover hover:text-ink">
          <X size={14} aria-hidden="true" />
        </Base.Close>
      </Base.Content>
    </Base.Root>
  ));
}
