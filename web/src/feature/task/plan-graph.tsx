import { useMemo } from 'react';
import { text } from '#text/work.ts';
import type { PlanStep, Step, StepState } from '../../api/types.ts';
import { cx } from '../../ui/cx.ts';
import { ScrollBox } from '../../ui/scroll-box.tsx';
import { layoutPlan, nodeSize } from './layout.ts';
import { StepIcon } from './state.tsx';

const frames: Record<StepState, string> = {
  pending: 'stroke-line',
  waiting: 'stroke-warn/60',
  running: 'stroke-accent pulse-soft',
  done: 'stroke-good/50',
  failed: 'stroke-bad/60',
  unknown: 'stroke-warn/60 [stroke-dasharray:5_4]',
  undone: 'stroke-field [stroke-dasharray:5_4]',
  refused: 'stroke-field',
  skipped: 'stroke-line [stroke-dasharray:5_4]',
};

/** Characters of a title that fit into a node; the rest is in the list below and on hover. */
const titleMax = 21;

/** The plan from left to right with the live state of each step. A picture: the list of steps says the same in words. */
export function PlanGraph({ plan, steps }: { plan: readonly PlanStep[]; steps: readonly Step[] }) {
  const layout = useMemo(() => layoutPlan(plan), [plan]);
  const states = new Map(steps.map((step) => [step.id, step.state]));
  const pad = 3;
  const width = layout.width + pad * 2;
  const height = layout.height + pad * 2;
  return (
    <ScrollBox label={text.task.graph(plan.length)} className="p-4">
      <svg width={width} height={height} viewBox={`${-pad} ${-pad} ${width} ${height}`} aria-hidden="true" className="mx-auto block">
        {layout.edges.map(({ from, to, path }) => (
          <path
            key={`${from} ${to}`}
            d={path}
            fill="none"
            strokeWidth="1.5"
            className={states.get(from) === 'done' ? 'stroke-good/50' : 'stroke-line'}
          />
        ))}
        {layout.nodes.map(({ step, x, y }) => {
          const state = states.get(step.id) ?? 'pending';
          return (
            <g key={step.id} transform={`translate(${x} ${y})`}>
              <title>{`${step.title}: ${text.stepState[state]}`}</title>
              <rect width={nodeSize.width} height={nodeSize.height} rx="8" strokeWidth="1.5" className={cx('fill-bg', frames[state])} />
              <g transform={`translate(12 ${nodeSize.height / 2 - 8})`}>
                <StepIcon state={state} />
              </g>
              {/* A picture in the picture: it cuts what is too wide for the node. */}
              <svg aria-hidden="true" x="38" width={nodeSize.width - 44} height={nodeSize.height}>
                <text y="22" className="fill-ink font-medium text-[12px]">
                  {step.title.length > titleMax ? `${step.title.slice(0, titleMax - 1)}…` : step.title}
                </text>
                <text y="38" className="fill-muted text-[11px]">
                  {text.stepState[state]}
                </text>
              </svg>
            </g>
          );
        })}
      </svg>
    </ScrollBox>
  );
}
