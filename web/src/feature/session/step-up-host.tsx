import { useCallback, useEffect, useRef, useState } from 'react';
import { onStepUp } from '../../api/client.ts';
import { later } from '../../ui/later.tsx';

const StepUpDialog = later(() => import('./step-up-dialog.tsx'));

/** Opens the dialog when the server wants to know that it is still the same person. Requests that ask at once share one dialog. */
export function StepUpHost() {
  const [isOpen, setOpen] = useState(false);
  const asked = useRef<{ promise: Promise<boolean>; answer: (isProven: boolean) => void } | null>(null);
  useEffect(
    () =>
      onStepUp(() => {
        if (asked.current === null) {
          const { promise, resolve: answer } = Promise.withResolvers<boolean>();
          asked.current = { promise, answer };
          setOpen(true);
        }
        return asked.current.promise;
      }),
    [],
  );
  const close = useCallback((isProven: boolean) => {
    setOpen(false);
    asked.current?.answer(isProven);
    asked.current = null;
  }, []);
  const onDone = useCallback(() => close(true), [close]);
  const onClose = useCallback(() => close(false), [close]);
  return isOpen && <StepUpDialog onDone={onDone} onClose={onClose} />;
}
