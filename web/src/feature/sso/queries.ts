import { queryOptions } from '@tanstack/react-query';
import { get } from '../../api/client.ts';
import type { SsoProvider } from '../../api/identity.ts';
import { listQuery } from '../../api/list.ts';

export const providersQuery = listQuery<SsoProvider>('sso-providers', '/sso/providers');

export const providerPath = (id: string): string => `/sso/providers/${encodeURIComponent(id)}`;

/** One identity provider with everything about it but its secrets. */
export const providerQuery = (id: string) =>
  queryOptions({ queryKey: ['sso-provider', id], queryFn: ({ signal }) => get<SsoProvider>(providerPath(id), { signal }) });
