import { demoText as words } from '#text/demo.ts';
import { request } from '../../api/client.ts';
import { Confirm } from '../../ui/form/confirm.tsx';
import { toast } from '../../ui/toast.tsx';
import type { Demo } from './demo.ts';

interface Removal {
  tasks: number;
  notes: number;
  kept: string[];
}

/** Asks once before the demo goes. */
export default function RemoveDemo({ demo, onClose, onRemoved }: { demo: Demo; onClose: () => void; onRemoved: () => unknown }) {
  const remove = async () => {
    const response = await request('DELETE', '/demo', {});
    const { tasks, notes, kept } = (await response.json()) as Removal; // The server validates what it sends with this shape.
    toast(words.removed(tasks, notes));
    if (kept.length > 0) toast(words.kept(kept.join(', ')));
    await onRemoved();
  };
  return (
    <Confirm title={words.removeTitle} action={words.remove} onClose={onClose} onConfirm={remove}>
      {words.removeText(demo.tasks.length, demo.notes.length)}
    </Confirm>
  );
}
