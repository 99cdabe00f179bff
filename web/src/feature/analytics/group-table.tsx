import { Download } from 'lucide-react';
import { analyticsText as words } from '#text/analytics.ts';
import type { AnswerGroup, CostGroup } from '../../api/analytics.ts';
import { buttonClass } from '../../ui/button.tsx';
import { Section } from '../../ui/page.tsx';
import { type FigureLine, FigureTable } from './figure-table.tsx';
import { asCount, asDollars, asPercent, asTime } from './format.ts';
import { type FigureName, figureName } from './lines.ts';

type TableName = keyof typeof words.tables;

interface GroupTableProps {
  name: TableName;
  head: readonly FigureName[];
  lines: readonly FigureLine[];
  href: string;
}

/** Figures of the period apart by tool, person, planner, playbook or model. */
function GroupTable({ name, head, lines, href }: GroupTableProps) {
  const title = words.tables[name];
  return (
    <Section
      title={title}
      side={
        <a href={href} download aria-label={words.csvOf(title)} className={buttonClass('plain', 'small')}>
          <Download size={13} aria-hidden="true" />
          {words.csv}
        </a>
      }
    >
      {lines.length === 0 ? (
        <p className="px-4 py-6 text-center text-muted">{words.noLines}</p>
      ) : (
        <FigureTable caption={title} head={[words.names[name], ...head.map(figureName)]} lines={lines} />
      )}
    </Section>
  );
}

interface AnswersProps {
  name: 'tools' | 'approvers';
  groups: readonly AnswerGroup[];
  nameOf: (name: string) => string;
  href: string;
}

export function AnswersTable({ name, groups, nameOf, href }: AnswersProps) {
  const byTool = name === 'tools';
  return (
    <GroupTable
      name={name}
      href={href}
      head={[
        ...(byTool ? (['asked'] as const) : []),
        ...(['answered', 'approved', 'changed', 'rejected', 'approvalRate', 'waitP50', 'waitP95'] as const),
        ...(byTool ? (['expired'] as const) : []),
      ]}
      lines={groups.map((group) => ({
        key: group.name,
        cells: [
          nameOf(group.name),
          ...(byTool ? [asCount(group.asked)] : []),
          ...[group.answered, group.approved, group.changed, group.rejected].map(asCount),
          asPercent(group.approvalRate),
          asTime(group.waitP50Ms),
          asTime(group.waitP95Ms),
          ...(byTool ? [asCount(group.expired)] : []),
        ],
      }))}
    />
  );
}

export function CostTable({
  name,
  groups,
  href,
}: {
  name: 'planners' | 'playbooks' | 'models';
  groups: readonly CostGroup[];
  href: string;
}) {
  return (
    <GroupTable
      name={name}
      href={href}
      head={['cost', 'plans', 'tokens', 'unpriced']}
      lines={groups.map((group) => ({
        key: group.name,
        cells: [
          group.name === '' ? words.noName[name] : group.name,
          asDollars(group.costMicros),
          asCount(group.plans),
          asCount(group.tokensIn + group.tokensOut),
          asCount(group.unpriced),
        ],
      }))}
    />
  );
}
