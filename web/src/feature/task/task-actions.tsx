import { RotateCw, Undo2, Waypoints } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { tasksText } from '#text/tasks.ts';
import { text } from '#text/work.ts';
import type { Task } from '../../api/types.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog, DialogBody } from '../../ui/dialog.tsx';
import { describeError } from '../../ui/feedback.tsx';
import { TextArea } from '../../ui/field.tsx';
import { ForeignText } from '../../ui/foreign-text.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { toast } from '../../ui/toast.tsx';
import { useSignedIn } from '../session/session.ts';
import { useCancelTask, useReplanTask, useResumeTask, useUndoTask } from './queries.ts';

const onError = (error: unknown) => toast(describeError(error), { tone: 'bad' });

type Asking = 'cancel' | 'undo' | 'replan' | null;

/** What a person can do with the task as a whole. */
export function TaskActions({ task }: { task: Task }) {
  const [asking, setAsking] = useState<Asking>(null);
  const resume = useResumeTask(task.id);
  const mayWrite = useSignedIn().permissions.includes('task:write');
  if (!mayWrite) return null;
  const isOver = task.state === 'done' || task.state === 'cancelled' || task.state === 'failed';
  const takesPlan = task.state === 'failed' || task.state === 'waiting';
  const close = () => setAsking(null);
  return (
    <div className="flex flex-wrap gap-2">
      {task.state === 'failed' && (
        <Button disabled={resume.isPending} onClick={() => resume.mutate({}, { onSuccess: () => toast(text.task.resumed), onError })}>
          <RotateCw size={13} aria-hidden="true" />
          {text.task.resume}
        </Button>
      )}
      {takesPlan && (
        <Button onClick={() => setAsking('replan')}>
          <Waypoints size={13} aria-hidden="true" />
          {tasksText.replan.action}
        </Button>
      )}
      {task.undo && !task.undo.underWay && (
        <Button shortcut="u" onClick={() => setAsking('undo')}>
          <Undo2 size={13} aria-hidden="true" />
          {tasksText.undo.action}
        </Button>
      )}
      {!isOver && (
        <Button look="quiet" onClick={() => setAsking('cancel')}>
          {text.task.cancel}
        </Button>
      )}
      {asking === 'cancel' && <CancelDialog task={task} onClose={close} />}
      {asking === 'undo' && <UndoDialog task={task} onClose={close} />}
      {asking === 'replan' && <ReplanDialog task={task} onClose={close} />}
    </div>
  );
}

interface DialogProps {
  task: Task;
  onClose: () => void;
}

function CancelDialog({ task, onClose }: DialogProps) {
  const cancel = useCancelTask(task.id);
  const onCancel = () => cancel.mutate(undefined, { onSuccess: () => toast(text.task.cancelled_), onError, onSettled: onClose });
  return (
    <Question title={text.task.cancelTitle} action={text.task.cancelNow} isBusy={cancel.isPending} onClose={onClose} onYes={onCancel}>
      <p>{text.task.cancelText}</p>
    </Question>
  );
}

/** Says exactly what is taken back, newest first as it happens, and what is not. */
function UndoDialog({ task, onClose }: DialogProps) {
  const words = tasksText.undo;
  const undo = useUndoTask(task.id);
  const { steps = [], left = [] } = task.undo ?? {};
  const named = (ids: readonly string[]) => task.steps.filter(({ id }) => ids.includes(id)).toReversed();
  const onUndo = () => undo.mutate(undefined, { onSuccess: () => toast(words.asked), onError, onSettled: onClose });
  return (
    <Question title={words.title} action={words.now} isBusy={undo.isPending} onClose={onClose} onYes={onUndo}>
      <p>{words.intro(steps.length)}</p>
      <Headlines steps={named(steps)} />
      {left.length > 0 && (
        <>
          <p className="mt-3">{words.left}</p>
          <Headlines steps={named(left)} />
        </>
      )}
    </Question>
  );
}

function Headlines({ steps }: { steps: Task['steps'] }) {
  return (
    <ul className="mt-1.5 list-disc space-y-1 pl-4 font-medium marker:text-field">
      {steps.map((step) => (
        <li key={step.id}>
          <ForeignText value={step.headline || step.title} cutAt={200} />
        </li>
      ))}
    </ul>
  );
}

function ReplanDialog({ task, onClose }: DialogProps) {
  const words = tasksText.replan;
  const [comment, setComment] = useState('');
  const replan = useReplanTask(task.id);
  const submit = async () => {
    await replan.mutateAsync({ comment: comment.trim() });
    toast(words.asked);
    onClose();
  };
  return (
    <FormDialog title={words.title} action={words.now} isDisabled={comment.trim() === ''} onClose={onClose} onSubmit={submit}>
      <p className="mb-3">{words.text}</p>
      <TextArea label={words.comment} required maxLength={4_000} value={comment} onChange={(event) => setComment(event.target.value)} />
    </FormDialog>
  );
}

interface QuestionProps {
  title: string;
  action: string;
  isBusy: boolean;
  onClose: () => void;
  onYes: () => void;
  children: ReactNode;
}

/** A question before something that is not done lightly. */
function Question({ title, action, isBusy, onClose, onYes, children }: QuestionProps) {
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={title}
      footer={
        <>
          <Button onClick={onClose}>{text.common.back}</Button>
          <Button look="danger" disabled={isBusy} onClick={onYes}>
            {action}
          </Button>
        </>
      }
    >
      <DialogBody>{children}</DialogBody>
    </Dialog>
  );
}
