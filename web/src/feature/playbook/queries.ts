import { queryOptions } from '@tanstack/react-query';
import { get, post } from '../../api/client.ts';
import { listQuery } from '../../api/list.ts';
import type { CheckedPlaybook, Playbook, PlaybookDraft, StepTool } from '../../api/playbooks.ts';
import type { JsonObject, Page, TaskSummary } from '../../api/types.ts';

export const playbooksQuery = listQuery<Playbook>('playbooks', '/playbooks');

export const toolsQuery = queryOptions({
  queryKey: ['playbooks', 'tools'],
  queryFn: ({ signal }) => get<Page<StepTool>>('/playbooks/tools', { signal }),
  staleTime: 300_000,
});

/** A playbook as it stands in the editor; with `fields`, these go into its front matter first. */
export interface Written {
  path: string;
  text: string;
  fields?: JsonObject;
}

export const checkQuery = (written: Written) =>
  queryOptions({
    queryKey: ['playbook-check', written],
    queryFn: () => post<CheckedPlaybook>('/playbooks/check', written),
    // The same text always has the same faults, but for tools that come and go.
    staleTime: 60_000,
    retry: false,
  });

/** Tasks that are done by the plan of a model: what a playbook can be made from. */
export const doneQuery = queryOptions({
  queryKey: ['tasks', 'done-by-model'],
  queryFn: async ({ signal }) => {
    const { items } = await get<Page<TaskSummary>>('/tasks', { query: { state: 'done', limit: 100 }, signal });
    return items.filter(({ playbook, planVersion }) => playbook === null && planVersion > 0);
  },
});

export const draftQuery = (taskId: string) =>
  queryOptions({
    queryKey: ['playbook-draft', taskId],
    queryFn: () => post<PlaybookDraft>('/playbooks/draft', { taskId }),
    staleTime: 60_000,
  });

/** What changes of a playbook make old; the first parts of the keys. */
export const playbookKeys = ['playbooks', 'vault', 'vault-history'] as const;
