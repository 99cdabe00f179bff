import { queryOptions } from '@tanstack/react-query';
import { get } from '../../api/client.ts';
import type { Connection } from '../../api/connections.ts';
import type { SystemStatus, TenantStatus } from '../../api/status.ts';
import type { Page } from '../../api/types.ts';
import { useLiveStatus } from '../live/store.ts';

export const statusQuery = queryOptions({ queryKey: ['status'], queryFn: ({ signal }) => get<TenantStatus>('/status', { signal }) });

export const systemQuery = queryOptions({
  queryKey: ['operator-system'],
  queryFn: ({ signal }) => get<SystemStatus>('/operator/system', { signal }),
});

/** The list of connections under a key that the live feed's news of connections renews. */
export const connectionHealthQuery = queryOptions({
  queryKey: ['connections', 'health'],
  queryFn: ({ signal }) => get<Page<Connection>>('/connections', { signal }),
});

export const modelInForceQuery = queryOptions({
  queryKey: ['model', 'in-force'],
  queryFn: ({ signal }) => get<{ inForce: 'own' | 'installation' | 'none' }>('/model', { signal }),
});

/** The live feed says when there are new figures; without it they are asked for now and then. */
export const useRefetch = (): { refetchInterval: number | false } => ({
  refetchInterval: useLiveStatus() === 'live' ? false : 15_000,
});
