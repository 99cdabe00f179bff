import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { TaskSummary } from '../../api/types.ts';
import type { FoundNote } from '../../api/vault.ts';
import { useSignedIn } from '../session/session.ts';
import { foundTasksQuery } from '../task/queries.ts';
import { searchQuery } from '../vault/queries.ts';

/** Long enough for somebody who types to go on typing. */
const pauseMs = 200;
/** One letter finds everything. */
const lettersMin = 2;
const shownMax = 8;

/** Tasks and notes that have what was typed, asked for when somebody pauses. */
export function usePaletteSearch(typed: string): { tasks: TaskSummary[]; notes: FoundNote[] } {
  const { permissions } = useSignedIn();
  const [q, setQ] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setQ(typed.trim()), pauseMs);
    return () => clearTimeout(timer);
  }, [typed]);
  const isLong = q.length >= lettersMin;
  const tasks = useInfiniteQuery({ ...foundTasksQuery({ q }), enabled: isLong && permissions.includes('task:read') });
  const notes = useInfiniteQuery({ ...searchQuery(q), enabled: isLong && permissions.includes('vault:read') });
  return {
    tasks: isLong ? (tasks.data?.pages[0]?.items.slice(0, shownMax) ?? []) : [],
    notes: isLong ? (notes.data?.pages[0]?.items.slice(0, shownMax) ?? []) : [],
  };
}
