import {
  Ban,
  Banknote,
  CalendarDays,
  Circle,
  CircleAlert,
  CircleCheck,
  CircleHelp,
  CircleSlash,
  CircleX,
  FileText,
  Hand,
  LoaderCircle,
  Mail,
  SkipForward,
  Undo2,
  Wrench,
} from 'lucide-react';
import type { ReactNode } from 'react';
import { text } from '#text/work.ts';
import type { StepState, TaskSummary } from '../../api/types.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';

type StateOfTask = Pick<TaskSummary, 'state' | 'outcome' | 'waitReason'> & Partial<Pick<TaskSummary, 'isUndoing'>>;

const toneOfTask = ({ state, outcome, isUndoing }: StateOfTask): Tone => {
  if (isUndoing) return 'accent';
  if (state === 'done') return outcome === 'completed' ? 'good' : outcome === 'partly' ? 'warn' : 'neutral';
  if (state === 'failed') return 'bad';
  if (state === 'waiting') return 'warn';
  return state === 'cancelled' ? 'neutral' : 'accent';
};

/** The state of a task in a word: its outcome when it is over, its reason when it waits. */
export const wordOfTask = ({ state, outcome, waitReason, isUndoing }: StateOfTask): string => {
  if (isUndoing) return text.task.undoing;
  if (state === 'done' && outcome) return text.outcome[outcome];
  if (state === 'waiting' && waitReason) return text.waitReason[waitReason];
  return text.taskState[state];
};

/** What became of the task, or what it is about; without the word that its badge says already. */
export function lineOf(task: TaskSummary): string | null {
  const words = task.note ?? task.question ?? task.summary;
  const said = `${wordOfTask(task)}: `;
  return words?.startsWith(said) ? words.slice(said.length) : words;
}

export const TaskBadge = ({ task }: { task: StateOfTask }) => <Badge tone={toneOfTask(task)}>{wordOfTask(task)}</Badge>;

/** The icon of a task's state, to stand beside its word. */
export function TaskIcon({ task, size = 16 }: { task: StateOfTask; size?: number }) {
  const { state, outcome, waitReason, isUndoing } = task;
  const props = { size, 'aria-hidden': true } as const;
  if (isUndoing) return <LoaderCircle {...props} className="animate-spin text-accent" />;
  if (state === 'done' && outcome === 'undone') return <Undo2 {...props} className="text-muted" />;
  if (state === 'done' && outcome === 'refused') return <Ban {...props} className="text-muted" />;
  if (state === 'done') return <CircleCheck {...props} className={outcome === 'partly' ? 'text-warn' : 'text-good'} />;
  if (state === 'failed') return <CircleX {...props} className="text-bad" />;
  if (state === 'cancelled') return <CircleSlash {...props} className="text-muted" />;
  if (state === 'waiting')
    return waitReason === 'approval' ? <Hand {...props} className="text-warn" /> : <CircleHelp {...props} className="text-warn" />;
  return <LoaderCircle {...props} className="animate-spin text-accent" />;
}

export const toneOfStep: Record<StepState, Tone> = {
  pending: 'neutral',
  waiting: 'warn',
  running: 'accent',
  done: 'good',
  failed: 'bad',
  unknown: 'warn',
  undone: 'neutral',
  refused: 'neutral',
  skipped: 'neutral',
};

const stepIcons: Record<StepState, (size: number) => ReactNode> = {
  pending: (size) => <Circle size={size} aria-hidden="true" className="text-field" />,
  waiting: (size) => <Hand size={size} aria-hidden="true" className="text-warn" />,
  running: (size) => <LoaderCircle size={size} aria-hidden="true" className="animate-spin text-accent" />,
  done: (size) => <CircleCheck size={size} aria-hidden="true" className="text-good" />,
  failed: (size) => <CircleX size={size} aria-hidden="true" className="text-bad" />,
  unknown: (size) => <CircleAlert size={size} aria-hidden="true" className="text-warn" />,
  undone: (size) => <Undo2 size={size} aria-hidden="true" className="text-muted" />,
  refused: (size) => <Ban size={size} aria-hidden="true" className="text-muted" />,
  skipped: (size) => <SkipForward size={size} aria-hidden="true" className="text-muted" />,
};

export const StepIcon = ({ state, size = 16 }: { state: StepState; size?: number }) => stepIcons[state](size);

/** What kind of thing a tool touches: money, mail, calendar, notes. */
export function ToolIcon({ tool, size = 15 }: { tool: string; size?: number }) {
  const props = { size, 'aria-hidden': true } as const;
  if (tool.startsWith('bank.')) return <Banknote {...props} />;
  if (tool.startsWith('mail.')) return <Mail {...props} />;
  if (tool.startsWith('calendar.')) return <CalendarDays {...props} />;
  if (tool.startsWith('vault.') || tool.startsWith('text.')) return <FileText {...props} />;
  return <Wrench {...props} />;
}
