import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { readAgendaSearch } from '../feature/agenda/week.ts';
import { readSearch } from '../feature/analytics/views.ts';
import { readInboxSearch } from '../feature/inbox/views.ts';
import { type MoneyView, moneyViews } from '../feature/money/views.ts';
import { type TemplateName, templateNames } from '../feature/playbook/template-names.ts';
import { readTaskSearch, type TaskSearch } from '../feature/task/filters.ts';
import { type VersionView, versionViews } from '../feature/vault/views.ts';
import { root } from './root-route.ts';

const inbox = createRoute({
  getParentRoute: () => root,
  path: '/',
  validateSearch: readInboxSearch,
  component: lazyRouteComponent(() => import('../feature/inbox/inbox-page.tsx')),
});

const send = createRoute({
  getParentRoute: () => root,
  path: '/send',
  component: lazyRouteComponent(() => import('../feature/send/send-page.tsx')),
});

const approval = createRoute({
  getParentRoute: () => root,
  path: '/approvals/$approvalId',
  component: lazyRouteComponent(() => import('../feature/approval/approval-page.tsx')),
});

const tasks = createRoute({
  getParentRoute: () => root,
  path: '/tasks',
  validateSearch: readTaskSearch,
  component: lazyRouteComponent(() => import('../feature/task/tasks-page.tsx')),
});

const task = createRoute({
  getParentRoute: () => root,
  path: '/tasks/$taskId',
  // Opened from a list, the task knows what stands before and after it there.
  validateSearch: (search): TaskSearch & { list?: true } => (search.list === true ? { ...readTaskSearch(search), list: true } : {}),
  component: lazyRouteComponent(() => import('../feature/task/task-page.tsx')),
});

const audit = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  validateSearch: (search): { task?: string; entry?: number } => ({
    ...(typeof search.task === 'string' && { task: search.task }),
    ...(typeof search.entry === 'number' && Number.isSafeInteger(search.entry) && search.entry >= 0 && { entry: search.entry }),
  }),
  component: lazyRouteComponent(() => import('../feature/audit/audit-page.tsx')),
});

const vault = createRoute({
  getParentRoute: () => root,
  path: '/vault',
  validateSearch: (search): { find?: string } => (typeof search.find === 'string' ? { find: search.find } : {}),
  component: lazyRouteComponent(() => import('../feature/vault/vault-page.tsx')),
});

const note = createRoute({
  getParentRoute: () => root,
  // The note's path is a parameter: an address that ends in .md looks like a file to servers in between.
  path: '/vault/note',
  validateSearch: (search): { path: string } => ({ path: typeof search.path === 'string' ? search.path : '' }),
  component: lazyRouteComponent(() => import('../feature/vault/note-page.tsx')),
});

const noteEdit = createRoute({
  getParentRoute: () => root,
  path: '/vault/edit',
  validateSearch: (search): { path: string; new?: true } => ({
    path: typeof search.path === 'string' ? search.path : '',
    ...(search.new === true && { new: true as const }),
  }),
  component: lazyRouteComponent(() => import('../feature/vault/edit-page.tsx')),
});

const search = createRoute({
  getParentRoute: () => root,
  path: '/vault/search',
  validateSearch: (search): { q?: string } => (typeof search.q === 'string' && search.q.trim() !== '' ? { q: search.q } : {}),
  component: lazyRouteComponent(() => import('../feature/vault/search-page.tsx')),
});

const history = createRoute({
  getParentRoute: () => root,
  path: '/vault/history',
  // By where a note stands, or by its id: a deleted one stands nowhere.
  validateSearch: (search): { path?: string; id?: string } => ({
    ...(typeof search.path === 'string' && { path: search.path }),
    ...(typeof search.id === 'string' && { id: search.id }),
  }),
  component: lazyRouteComponent(() => import('../feature/vault/history-page.tsx')),
});

const version = createRoute({
  getParentRoute: () => root,
  path: '/vault/version',
  validateSearch: (search): { id: string; version: number; show?: VersionView } => {
    const show = versionViews.find((view) => view === search.show);
    return {
      id: typeof search.id === 'string' ? search.id : '',
      version: typeof search.version === 'number' && Number.isSafeInteger(search.version) ? search.version : 0,
      ...(show && { show }),
    };
  },
  component: lazyRouteComponent(() => import('../feature/vault/version-page.tsx')),
});

const deleted = createRoute({
  getParentRoute: () => root,
  path: '/vault/deleted',
  component: lazyRouteComponent(() => import('../feature/vault/deleted-page.tsx')),
});

const files = createRoute({
  getParentRoute: () => root,
  path: '/vault/files',
  component: lazyRouteComponent(() => import('../feature/vault/files-page.tsx')),
});

const playbooks = createRoute({
  getParentRoute: () => root,
  path: '/playbooks',
  component: lazyRouteComponent(() => import('../feature/playbook/playbooks-page.tsx')),
});

const playbook = createRoute({
  getParentRoute: () => root,
  path: '/playbooks/edit',
  validateSearch: (search): { path: string; template?: TemplateName; task?: string } => {
    const template = templateNames.find((name) => name === search.template);
    return {
      path: typeof search.path === 'string' ? search.path : '',
      ...(template && { template }),
      ...(typeof search.task === 'string' && { task: search.task }),
    };
  },
  component: lazyRouteComponent(() => import('../feature/playbook/edit-page.tsx')),
});

const money = createRoute({
  getParentRoute: () => root,
  path: '/money',
  validateSearch: (search): { view?: MoneyView; account?: string } => {
    const view = moneyViews.find((one) => one === search.view);
    return { ...(view && { view }), ...(typeof search.account === 'string' && { account: search.account }) };
  },
  component: lazyRouteComponent(() => import('../feature/money/money-page.tsx')),
});

const agenda = createRoute({
  getParentRoute: () => root,
  path: '/agenda',
  validateSearch: readAgendaSearch,
  component: lazyRouteComponent(() => import('../feature/agenda/agenda-page.tsx')),
});

const analytics = createRoute({
  getParentRoute: () => root,
  path: '/analytics',
  validateSearch: readSearch,
  component: lazyRouteComponent(() => import('../feature/analytics/analytics-page.tsx')),
});

const status = createRoute({
  getParentRoute: () => root,
  path: '/status',
  component: lazyRouteComponent(() => import('../feature/status/status-page.tsx')),
});

const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  component: lazyRouteComponent(() => import('../feature/setup/setup-page.tsx')),
});

/** The pages of everyday's work. */
export const workRoutes = [
  inbox,
  send,
  approval,
  tasks,
  task,
  audit,
  vault,
  note,
  noteEdit,
  search,
  history,
  version,
  deleted,
  files,
  playbooks,
  playbook,
  money,
  agenda,
  analytics,
  status,
  setup,
];
