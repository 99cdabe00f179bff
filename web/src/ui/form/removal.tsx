import type { ReactNode } from 'react';
import { remove } from '../../api/client.ts';
import { Confirm } from './confirm.tsx';
import { useAct } from './use-act.ts';

interface RemovalProps {
  /** Of what is removed, on the server. */
  path: string;
  /** First parts of the keys of what changes by it. */
  refresh: readonly string[];
  title: string;
  /** The word on the button. */
  action: string;
  /** What is said shortly when it is gone. */
  said: string;
  /** What will be without it, in a sentence or two. */
  children: ReactNode;
  onClose: () => void;
}

/** Asks once more, then removes something of the server's. */
export function Removal({ path, refresh, title, action, said, children, onClose }: RemovalProps) {
  const removal = useAct(() => remove(path), { refresh, said });
  return (
    <Confirm title={title} action={action} onClose={onClose} onConfirm={() => removal.mutateAsync()}>
      {children}
    </Confirm>
  );
}
