import { useState } from 'react';
import { tasksText } from '#text/tasks.ts';
import type { Task } from '../../api/types.ts';
import { Button } from '../../ui/button.tsx';
import { NewDialog } from '../playbook/new-dialog.tsx';
import { useSignedIn } from '../session/session.ts';

/** The way from what a model planned, and what went well, to a playbook that does the same without one. */
export function PlaybookButton({ task: { id, title, state, outcome, plan, playbook } }: { task: Task }) {
  const [isNaming, setNaming] = useState(false);
  const mayWrite = useSignedIn().permissions.includes('vault:write');
  const wentWell = state === 'done' && (outcome === 'completed' || outcome === 'partly');
  if (!mayWrite || !wentWell || playbook !== null || plan === null || plan.steps.length === 0) return null;
  return (
    <>
      <Button look="quiet" size="small" onClick={() => setNaming(true)}>
        {tasksText.makePlaybook}
      </Button>
      {isNaming && <NewDialog from={{ id, title }} onClose={() => setNaming(false)} />}
    </>
  );
}
