import { Toast as Base } from '@base-ui/react/toast';
import { CircleAlert, CircleCheck, X } from 'lucide-react';
import { type ReactNode, startTransition, useEffect, useState } from 'react';
import { text } from '#text/work.ts';
import { KeyHint } from './key-hint.tsx';

const manager = Base.createToastManager();

interface ToastOptions {
  description?: string;
  tone?: 'good' | 'bad';
  /** One thing that can be done about it while it is said, for ten seconds; its key presses it. */
  action?: { label: string; shortcut: string; onPress: () => void };
}

/** Says shortly what happened. Failures, and what can be answered, stay longer. */
export function toast(title: string, { description, tone = 'good', action }: ToastOptions = {}): void {
  const press = () => {
    manager.close(id);
    action?.onPress();
  };
  const id = manager.add({
    title,
    ...(description && { description }),
    type: tone,
    timeout: tone === 'bad' || action ? 10_000 : 5_000,
    ...(action && { actionProps: { children: <ActionWords {...action} />, onClick: press, 'aria-keyshortcuts': action.shortcut } }),
  });
}

const ActionWords = ({ label, shortcut }: { label: string; shortcut: string }) => (
  <>
    {label}
    <KeyHint keys={shortcut} />
  </>
);

/** Makes `toast` work below it. Mounted once, outside every grid. */
export function ToastProvider({ children }: { children: ReactNode }) {
  // After the page: a portal draws itself twice, and would have the page's first effects wait in its own first paint.
  const [isPageDrawn, setPageDrawn] = useState(false);
  useEffect(() => startTransition(() => setPageDrawn(true)), []);
  return (
    <Base.Provider toastManager={manager} limit={3}>
      {children}
      {isPageDrawn && (
        <Base.Portal>
          <Base.Viewport className="bottom-bar pointer-events-none fixed inset-x-0 z-60 flex flex-col items-center gap-2 p-3 sm:right-2 sm:bottom-2 sm:left-auto sm:w-96">
            <ToastList />
          </Base.Viewport>
        </Base.Portal>
      )}
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
        {item.actionProps && (
          <Base.Action className="inline-flex h-7 shrink-0 items-center gap-1.5 rounded-control px-2.5 font-medium text-accent hover:bg-hover touch:h-11 touch:px-4" />
        )}
        <Base.Close aria-label={text.common.close} className="rounded p-1 text-muted hover:bg-hover hover:text-ink">
          <X size={14} aria-hidden="true" />
        </Base.Close>
      </Base.Content>
    </Base.Root>
  ));
}
