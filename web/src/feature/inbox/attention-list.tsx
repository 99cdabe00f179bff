import { startTransition, useCallback, useEffect, useState } from 'react';
import { inboxText } from '#text/inbox.ts';
import type { Approval } from '../../api/types.ts';
import { formatDay } from '../../format.ts';
import { later } from '../../ui/later.tsx';
import { Section } from '../../ui/page.tsx';
import { useNow } from '../../ui/use-now.ts';
import { ApprovalRow } from './approval-row.tsx';
import { type Attention, type AttentionGroup, attentionId, groupByDay, groupInOrder } from './attention.ts';
import { StuckRow } from './stuck-row.tsx';

const BulkBar = later(() => import('./bulk.tsx'));

/** No row is lower than this; where there is little room the buttons of a question stand below it. */
const rowPxMin = ({ kind }: Attention): number => (kind === 'approval' && window.innerWidth < narrowPx ? 110 : 60);
/** Narrower there is little room: the breakpoint `md`. */
const narrowPx = 768;
/** Rows that are drawn at once after those that the first screen has room for: few, so that each piece is laid out in one frame of a phone. */
const stepRows = 5;
/** Whether a list is the first of a visit that begins with it: where a page is loaded again, or gone back to, its place is looked for at once. */
let isFirst = beginsHere();

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
  const toggle = useCallback((id: string) => {
    BulkBar.preload();
    setSelected((before) => (before.includes(id) ? before.filter((other) => other !== id) : [...before, id]));
  }, []);
  const all = isOrdered ? groupInOrder(rows) : groupByDay(rows, now);
  const groups = cutGroups(all, useDrawn(all.flatMap((group) => group.rows)));
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
      {groups.map((group) => (
        <Section key={group.at} title={titleOf(group.at)}>
          <ul className="divide-y divide-line" aria-label={titleOf(group.at)}>
            {group.rows.map((row) =>
              row.kind === 'approval' ? (
                <ApprovalRow
                  key={attentionId(row)}
                  approval={row.approval}
                  isSelected={selected.includes(row.approval.id)}
                  isChoosing={isChoosing}
                  onSelect={toggle}
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

/**
 * How many rows of a list are drawn. Where a visit begins with a list, it begins with what the screen has room for, and goes on in pieces
 * that the browser answers between; every other one is drawn whole, so that the way back finds its place.
 */
function useDrawn(rows: readonly Attention[]): number {
  const [drawn, setDrawn] = useState(() => (isFirst ? firstScreen(rows) : Number.POSITIVE_INFINITY));
  const count = rows.length;
  useEffect(() => {
    if (count === 0) return;
    isFirst = false;
    if (drawn >= count) return;
    const timer = setTimeout(() => startTransition(() => setDrawn(drawn + stepRows)));
    return () => clearTimeout(timer);
  }, [count, drawn]);
  return drawn;
}

function beginsHere(): boolean {
  const [visit] = performance.getEntriesByType('navigation');
  return visit instanceof PerformanceNavigationTiming && visit.type === 'navigate' && new URL(visit.name).pathname === '/';
}

/** How many of these rows fill the screen, at least. */
function firstScreen(rows: readonly Attention[]): number {
  let leftPx = window.innerHeight;
  const first = rows.findIndex((row) => {
    leftPx -= rowPxMin(row);
    return leftPx <= 0;
  });
  return first === -1 ? rows.length : first + 1;
}

/** The first rows of groups. */
function cutGroups(groups: AttentionGroup[], most: number): AttentionGroup[] {
  let left = most;
  return groups.flatMap((group) => {
    const rows = group.rows.slice(0, left);
    left -= rows.length;
    return rows.length === 0 ? [] : [{ ...group, rows }];
  });
}
