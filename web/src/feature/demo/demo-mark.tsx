import { demoText } from '#text/demo.ts';
import { type Demo, useDemo } from './demo.ts';

/** Marks what came with the demo; nothing for anything else. `id` is a note's path for notes. */
export function DemoMark({ of, id }: { of: 'tasks' | 'approvals' | 'notes'; id: string }) {
  const demo: Demo | undefined = useDemo();
  if (!demo?.[of].includes(id)) return null;
  return (
    <span
      title={demoText.markHelp}
      className="shrink-0 rounded-full border border-line bg-hover px-1.5 text-[0.6875rem] text-muted leading-4"
    >
      {demoText.mark}
    </span>
  );
}
