import { useState } from 'react';
import { inboxText } from '#text/inbox.ts';
import type { Approval } from '../../api/types.ts';
import { formatDay } from '../../format.ts';
import { later } from '../../ui/later.tsx';
import { Section } from '../../ui/page.tsx';
import { useNow } from '../../ui/use-now.ts';
import { ApprovalRow } from './approval-row.tsx';
import { type Attention, attentionId, groupByDay, groupInOrder } from './attention.ts';
import { StuckRow } from './stuck-row.tsx';

const BulkBar = later(() => import('./bulk.tsx'));

interface AttentionListProps {
  rows: readonly Attention[];
  /** Keeps the order of the rows, instead of the riskiest first. */
  isOrdered?: boolean;
  /** Stands before each day. */
  title?: string;
  /** Shows the ticks where no pointer could find them. */
  isChoosing: boolean;
  onChosen: () => void;
}

/** Rows by day, and what can be done with those that are selected. */
export function AttentionList({ rows, isOrdered = false, title, isChoosing, onChosen }: AttentionListProps) {
  const [selected, setSelected] = useState<readonly string[]>([]);
  const now = useNow(60_000);
  const toggle = (id: string) => {
    BulkBar.preload();
    setSelected(selected.includes(id) ? selected.filter((other) => other !== id) : [...selected, id]);
  };
  const approvals = rows.flatMap((row): Approval[] => (row.kind === 'approval' ? [row.approval] : []));
  const chosen = approvals.filter(({ id }) => selected.includes(id));
  const titleOf = (at: string | null) => {
    if (at === null) return inboxText.urgent;
    const day = formatDay(at, now);
    return title === undefined ? day : `${title} · ${day}`;
  };
  const clear = () => {
    setSelected([]);
    onChosen();
  };
  return (
    <>
      {(isOrdered ? groupInOrder(rows) : groupByDay(rows, now)).map((group) => (
        <Section key={group.at} title={titleOf(group.at)}>
          <ul className="divide-y divide-line" aria-label={titleOf(group.at)}>
            {group.rows.map((row) =>
              row.kind === 'approval' ? (
                <ApprovalRow
                  key={attentionId(row)}
                  approval={row.approval}
                  isSelected={selected.includes(row.approval.id)}
                  isChoosing={isChoosing}
                  onSelect={() => toggle(row.approval.id)}
                />
              ) : (
                <StuckRow key={attentionId(row)} kind={row.kind} task={row.task} />
              ),
            )}
          </ul>
        </Section>
      ))}
      {selected.length > 0 && (
        <BulkBar approvals={chosen} others={approvals} onSelect={(ids) => setSelected([...selected, ...ids])} onClose={clear} />
      )}
    </>
  );
}
