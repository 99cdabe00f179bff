import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { tasksText } from '#text/tasks.ts';
import { text } from '#text/work.ts';
import type { Task } from '../../api/types.ts';
import { formatCost, formatCount, formatDuration } from '../../format.ts';
import { Crumb } from '../../ui/crumb.tsx';
import { ErrorBox, Notice, Skeleton } from '../../ui/feedback.tsx';
import { ForeignLine, ForeignText } from '../../ui/foreign-text.tsx';
import { Id } from '../../ui/id.tsx';
import { linkClass } from '../../ui/link.ts';
import { Page, Section } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';
import { useNow } from '../../ui/use-now.ts';
import { Help } from '../help/help.tsx';
import { EventSection } from './event-section.tsx';
import { Near } from './near.tsx';
import { NeedsAnswer } from './needs-answer.tsx';
import { PlanGraph } from './plan-graph.tsx';
import { PlaybookButton } from './playbook-button.tsx';
import { taskQuery } from './queries.ts';
import { lineOf, TaskBadge } from './state.tsx';
import { StepList } from './step-list.tsx';
import { TaskActions } from './task-actions.tsx';
import { Timeline } from './timeline.tsx';

const route = getRouteApi('/tasks/$taskId');

/** One piece of work: what became of it, its plan, its steps, and everything that happened to it. */
export default function TaskPage() {
  const { taskId } = route.useParams();
  const { list, ...search } = route.useSearch();
  const task = useQuery(taskQuery(taskId));
  return (
    <Page
      title={task.data?.title ?? text.task.title}
      heading={
        <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
          <Crumb to="/tasks" label={text.nav.tasks} search={search} />
          {list && <Near taskId={taskId} search={search} />}
        </div>
      }
      help={<Help topic="task" />}
      side={task.data && <TaskActions key={taskId} task={task.data} />}
      width="wide"
    >
      {!task.data && <h1 className="sr-only">{text.approval.task}</h1>}
      {task.error && !task.data && <ErrorBox error={task.error} onRetry={task.refetch} />}
      {task.isPending && <Skeleton rows={5} height="h-16" />}
      {task.data && <Loaded key={taskId} task={task.data} />}
    </Page>
  );
}

function Loaded({ task }: { task: Task }) {
  return (
    <>
      <Head task={task} />
      <div className="lg:grid lg:grid-cols-[minmax(0,1fr)_17rem] lg:gap-8">
        <div className="min-w-0">
          <NeedsAnswer task={task} />
          {task.undo?.underWay && <Notice tone="accent">{tasksText.undo.underWay}</Notice>}
          {task.plan && (
            <Section
              title={
                <>
                  {text.task.plan} <span className="font-normal">{text.task.planVersion(task.plan.version)}</span>
                </>
              }
              side={<PlaybookButton task={task} />}
            >
              <p className="border-line border-b px-4 py-2.5">
                <ForeignText value={task.plan.summary} />
              </p>
              <PlanGraph plan={task.plan.steps} steps={task.steps} />
            </Section>
          )}
          {task.steps.length > 0 && <StepList task={task} />}
          <EventSection event={task.event} />
        </div>
        <div>
          <Facts task={task} />
          <Section title={text.task.timeline} card={false}>
            <Timeline entries={task.timeline} />
            <Link to="/audit" search={{ task: task.id }} className={`mt-3 inline-block ${linkClass}`}>
              {text.task.audit}
            </Link>
          </Section>
        </div>
      </div>
    </>
  );
}

function Head({ task }: { task: Task }) {
  // The question has a box of its own.
  const line = task.question ? task.summary : lineOf(task);
  return (
    <div className="mb-6">
      <h1 className="font-semibold text-figure tracking-tight max-sm:text-title">
        <ForeignText value={task.title} cutAt={300} />
      </h1>
      <p className="mt-1.5 flex flex-wrap items-center gap-x-3 gap-y-1">
        <TaskBadge task={task} />
        {line && (
          <span className="min-w-0">
            <ForeignText value={line} cutAt={400} />
          </span>
        )}
        {task.errorCode && !task.question && <code className="font-mono text-bad text-note">{task.errorCode}</code>}
      </p>
    </div>
  );
}

function Facts({ task }: { task: Task }) {
  const now = useNow(1000);
  const endMs = task.finishedAt ? Date.parse(task.finishedAt) : now;
  const planner = task.plan && (task.plan.playbook ?? task.plan.model ?? task.plan.planner);
  return (
    <dl className="mb-7 grid grid-cols-[5.25rem_minmax(0,1fr)] gap-x-3 gap-y-1.5">
      {task.from && (
        <Fact title={text.task.from}>
          <ForeignText value={task.from} cutAt={120} />
        </Fact>
      )}
      <Fact title={text.task.received}>
        <Time at={task.createdAt} />
      </Fact>
      <Fact title={text.task.elapsed}>{formatDuration(endMs - Date.parse(task.createdAt))}</Fact>
      {planner && (
        <Fact title={text.task.planner}>
          <ForeignLine value={planner} />
        </Fact>
      )}
      {task.plan && (
        <Fact title={text.task.cost}>
          <Cost costs={task.costs} />
        </Fact>
      )}
      {task.retries > 0 && <Fact title={tasksText.facts.retries}>{tasksText.facts.retried(task.retries)}</Fact>}
      {task.nextTryAt && (
        <Fact title={tasksText.facts.nextTry}>
          <Time at={task.nextTryAt} />
        </Fact>
      )}
      <Fact title={text.common.reference}>
        <Id value={task.id} />
      </Fact>
    </dl>
  );
}

/** What planning has cost: all plans that the task has had. */
function Cost({ costs: { plans, tokensIn, tokensOut, costMicros } }: { costs: Task['costs'] }) {
  const tokens = tokensIn + tokensOut;
  if (tokens === 0) return <span className="text-muted">{text.task.noCost}</span>;
  return (
    <>
      {costMicros === null ? tasksText.facts.unknownCost : formatCost(costMicros)}{' '}
      <span className="text-muted">
        · {text.task.tokens(formatCount(tokens))}
        {plans > 1 && ` · ${tasksText.facts.plans(plans)}`}
      </span>
    </>
  );
}

function Fact({ title, children }: { title: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-muted">{title}</dt>
      <dd className="wrap-anywhere min-w-0">{children}</dd>
    </>
  );
}
