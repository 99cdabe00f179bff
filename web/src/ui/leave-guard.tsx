import { useBlocker } from '@tanstack/react-router';
import { Confirm } from './form/confirm.tsx';

interface LeaveGuardProps {
  /** Whether something here would be lost. */
  isOn: boolean;
  title: string;
  action: string;
  children: string;
}

/** Asks before a page is left with something that is not saved; closing the tab, the browser asks itself. */
export function LeaveGuard({ isOn, title, action, children }: LeaveGuardProps) {
  const { status, proceed, reset } = useBlocker({ shouldBlockFn: () => isOn, enableBeforeUnload: isOn, withResolver: true });
  if (status !== 'blocked') return null;
  return (
    <Confirm title={title} action={action} onClose={() => reset()} onConfirm={async () => proceed()}>
      {children}
    </Confirm>
  );
}
