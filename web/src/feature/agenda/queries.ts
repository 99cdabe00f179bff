import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { AgendaList, FreeTimes } from '../../api/agenda.ts';
import { get } from '../../api/client.ts';

/** What no entry of the log tells is at most this old: the first reading of a calendar, and what is far ahead. */
const silentMs = 60_000;

interface Range {
  from: string;
  to: string;
}

export const agendaQuery = (range: Range) =>
  queryOptions({
    queryKey: ['agenda', range],
    queryFn: ({ signal }) => get<AgendaList>('/agenda', { query: { ...range }, signal }),
    refetchInterval: silentMs,
  });

/** As many as somebody reads before asking for another length. */
const slotsMax = 30;

export const slotsQuery = (range: Range, minutes: number) =>
  queryOptions({
    queryKey: ['agenda', 'slots', range, minutes],
    queryFn: ({ signal }) => get<FreeTimes>('/agenda/slots', { query: { ...range, minutes, limit: slotsMax }, signal }),
    placeholderData: keepPreviousData,
  });
