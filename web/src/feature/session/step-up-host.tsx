import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { onStepUp } from '../../api/client.ts';

const StepUpDialog = lazy(() => import('./step-up-dialog.tsx'));

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
  const close = (isProven: boolean) => {
    setOpen(false);
    asked.current?.answer(isProven);
    asked.current = null;
  };
  return <Suspense>{isOpen && <StepUpDialog onDone={close} />}</Suspense>;
}
