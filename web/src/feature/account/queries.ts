import { queryOptions } from '@tanstack/react-query';
import { get } from '../../api/client.ts';
import type { Account, SessionItem } from '../../api/identity.ts';
import { listQuery } from '../../api/list.ts';

export const accountQuery = queryOptions({ queryKey: ['account'], queryFn: ({ signal }) => get<Account>('/account', { signal }) });

export const sessionsQuery = listQuery<SessionItem>('account-sessions', '/account/sessions');
