import type { QueryClient } from '@tanstack/react-query';
import { dropEarly, earlyBegun } from '../../api/early.ts';
import { waitingQuery } from '../approval/queries.ts';
import { demoQuery } from '../demo/demo.ts';
import { unreadQuery } from '../notice/queries.ts';
import { isInTenant, meQuery } from '../session/session.ts';
import { settingsQuery } from '../settings/queries.ts';
import { handledQuery, stuckQuery, workingQuery } from './queries.ts';

/** Longer than this the first page does not wait for what it shows. */
const patienceMs = 2_000;

/**
 * Has everything in place that the inbox begins with, so that it is drawn once and nothing in it moves. Other pages wait for who is
 * signed in. Never fails: what is missing is asked for, and complained about, by the page.
 */
export async function prepareFirstPage(client: QueryClient): Promise<void> {
  const me = await client.fetchQuery({ ...meQuery, retry: false }).catch(() => null);
  if (me && isInTenant(me) && location.pathname === '/' && location.search === '') {
    await earlyBegun();
    const may = (permission: string) => me.permissions.includes(permission);
    const prepared = Promise.all([
      may('approval:read') && client.prefetchInfiniteQuery(waitingQuery),
      ...(may('task:read') ? [stuckQuery, handledQuery, workingQuery] : []).map((list) => client.prefetchInfiniteQuery(list)),
      client.prefetchQuery(unreadQuery),
      client.prefetchQuery(demoQuery),
      may('settings:write') && client.prefetchQuery(settingsQuery),
    ]);
    await Promise.race([prepared, new Promise((resolve) => setTimeout(resolve, patienceMs))]);
  }
  dropEarly();
}
