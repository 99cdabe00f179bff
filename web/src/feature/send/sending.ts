import { useState } from 'react';
import { store } from '../../api/client.ts';
import type { TakenIn } from '../../api/types.ts';
import { describeError } from '../../ui/feedback.tsx';

/** A file on its way in. */
export interface Sent {
  key: number;
  file: File;
  state: 'waiting' | 'sending' | 'done' | 'failed';
  taken: TakenIn | null;
  fault: string | null;
}

/** Files that are sent in, one after the other, in the order in which they were given. */
export function useSending(path: (file: File) => string) {
  const [sent, setSent] = useState<readonly Sent[]>([]);
  const [line] = useState(() => ({ next: 0, tail: Promise.resolve() }));
  const change = (key: number, to: Partial<Sent>) => setSent((all) => all.map((one) => (one.key === key ? { ...one, ...to } : one)));

  function enqueue({ key, file }: Sent): void {
    const address = path(file);
    line.tail = line.tail.then(async () => {
      change(key, { state: 'sending', fault: null });
      await store<TakenIn>(address, file).then(
        (taken) => change(key, { state: 'done', taken }),
        (error) => change(key, { state: 'failed', fault: describeError(error) }),
      );
    });
  }

  return {
    sent,
    add(files: Iterable<File>) {
      for (const file of files) {
        line.next += 1;
        const one: Sent = { key: line.next, file, state: 'waiting', taken: null, fault: null };
        setSent((all) => [...all, one]);
        enqueue(one);
      }
    },
    again(one: Sent) {
      change(one.key, { state: 'waiting' });
      enqueue(one);
    },
  };
}
