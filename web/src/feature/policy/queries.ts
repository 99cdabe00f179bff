import { queryOptions } from '@tanstack/react-query';
import { get, post } from '../../api/client.ts';
import { listQuery } from '../../api/list.ts';
import type { Grant, GrantableTool, Policy, PolicyCheck, PolicyDraft, PolicySimulation, PolicyVersion } from '../../api/policies.ts';
import type { Page } from '../../api/types.ts';

/** The policies in force. */
export const policyQuery = queryOptions({ queryKey: ['policy'], queryFn: ({ signal }) => get<Policy>('/policy', { signal }) });

export const versionsQuery = listQuery<PolicyVersion>('policy', '/policy/versions');
export const grantsQuery = listQuery<Grant>('grants', '/grants');

export const versionTextQuery = (version: number) =>
  queryOptions({
    queryKey: ['policy-version', version],
    queryFn: ({ signal }) => get<PolicyVersion & { text: string }>(`/policy/versions/${version}`, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const checkQuery = (draft: PolicyDraft) =>
  queryOptions({
    queryKey: ['policy-check', draft],
    queryFn: () => post<PolicyCheck>('/policy/check', draft),
    staleTime: 60_000,
    retry: false,
  });

/** Looks at hundreds of past decisions: asked for when somebody wants to know, and kept for a minute. */
export const simulationQuery = (draft: PolicyDraft) =>
  queryOptions({
    queryKey: ['policy-simulation', draft],
    queryFn: () => post<PolicySimulation>('/policy/simulate', draft),
    staleTime: 60_000,
    retry: false,
    refetchOnWindowFocus: false,
  });

export const grantableQuery = queryOptions({
  queryKey: ['grants', 'tools'],
  queryFn: ({ signal }) => get<Page<GrantableTool>>('/grants/tools', { signal }),
});
