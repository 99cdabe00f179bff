import { RotateCw } from 'lucide-react';
import { useState } from 'react';
import { text } from '#text/common.ts';
import type { Task } from '../../api/types.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogBody } from '../../ui/dialog.tsx';
import { describeError } from '../../ui/feedback.tsx';
import { toast } from '../../ui/toast.tsx';
import { useSignedIn } from '../session/session.ts';
import { useCancelTask, useResumeTask } from './queries.ts';

const onError = (error: unknown) => toast(describeError(error), { tone: 'bad' });

/** What a person can do with the task as a whole. */
export function TaskActions({ task }: { task: Task }) {
  const [isAsking, setAsking] = useState(false);
  const cancel = useCancelTask(task.id);
  const resume = useResumeTask(task.id);
  const mayWrite = useSignedIn().permissions.includes('task:write');
  if (!mayWrite) return null;
  const isOver = task.state === 'done' || task.state === 'cancelled' || task.state === 'failed';
  const onCancel = () =>
    cancel.mutate(undefined, { onSuccess: () => toast(text.task.cancelled_), onError, onSettled: () => setAsking(false) });
  return (
    <div className="flex gap-2">
      {task.state === 'failed' && (
        <Button disabled={resume.isPending} onClick={() => resume.mutate({}, { onSuccess: () => toast(text.task.resumed), onError })}>
          <RotateCw size={13} aria-hidden="true" />
          {text.task.resume}
        </Button>
      )}
      {!isOver && (
        <Button look="quiet" onClick={() => setAsking(true)}>
          {text.task.cancel}
        </Button>
      )}
      <Dialog
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        title={text.task.cancelTitle}
        footer={
          <>
            <Button onClick={() => setAsking(false)}>{text.common.back}</Button>
            <Button look="danger" disabled={cancel.isPending} onClick={onCancel}>
              {text.task.cancelNow}
            </Button>
          </>
        }
      >
        <DialogBody>
          <p>{text.task.cancelText}</p>
        </DialogBody>
      </Dialog>
    </div>
  );
}
