import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { readAgendaSearch } from '../feature/agenda/week.ts';
import { readSearch } from '../feature/analytics/views.ts';
import { readInboxSearch } from '../feature/inbox/views.ts';
import { type MoneyView, moneyViews } from '../feature/money/views.ts';
import { type TemplateName, templateNames } from '../feature/playbook/template-names.ts';
import { type PolicyView, policyViews } from '../feature/policy/views.ts';
import { readTaskSearch, type TaskSearch } from '../feature/task/filters.ts';
import { type VersionView, versionViews } from '../feature/vault/views.ts';
import { NotFound, PageFault, Root } from './root.tsx';

const root = createRootRoute({ component: Root, notFoundComponent: NotFound, errorComponent: PageFault });

const inbox = createRoute({
  getParentRoute: () => root,
  path: '/',
  validateSearch: readInboxSearch,
  component: lazyRouteComponent(() => import('../feature/inbox/inbox-page.tsx')),
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

const send = createRoute({
  getParentRoute: () => root,
  path: '/send',
  component: lazyRouteComponent(() => import('../feature/send/send-page.tsx')),
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

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  component: lazyRouteComponent(() => import('../feature/sign-in/sign-in-page.tsx')),
});

const join = createRoute({
  getParentRoute: () => root,
  path: '/join',
  component: lazyRouteComponent(() => import('../feature/join/join-page.tsx')),
});

const register = createRoute({
  getParentRoute: () => root,
  path: '/register',
  component: lazyRouteComponent(() => import('../feature/join/register-page.tsx')),
});

const account = createRoute({
  getParentRoute: () => root,
  path: '/account',
  component: lazyRouteComponent(() => import('../feature/account/account-page.tsx')),
});

const notices = createRoute({
  getParentRoute: () => root,
  path: '/notices',
  component: lazyRouteComponent(() => import('../feature/notice/notices-page.tsx')),
});

const noticeRules = createRoute({
  getParentRoute: () => root,
  path: '/account/notices',
  component: lazyRouteComponent(() => import('../feature/notice/rules-page.tsx')),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  component: lazyRouteComponent(() => import('../feature/settings/settings-page.tsx')),
});

const general = createRoute({
  getParentRoute: () => root,
  path: '/settings/general',
  component: lazyRouteComponent(() => import('../feature/settings/general-page.tsx')),
});

const model = createRoute({
  getParentRoute: () => root,
  path: '/settings/model',
  component: lazyRouteComponent(() => import('../feature/settings/model-page.tsx')),
});

const policies = createRoute({
  getParentRoute: () => root,
  path: '/settings/policies',
  validateSearch: (search): { view?: PolicyView } => {
    const view = policyViews.find((one) => one === search.view);
    return view && view !== 'form' ? { view } : {};
  },
  component: lazyRouteComponent(() => import('../feature/policy/policies-page.tsx')),
});

const grants = createRoute({
  getParentRoute: () => root,
  path: '/settings/grants',
  component: lazyRouteComponent(() => import('../feature/policy/grants-page.tsx')),
});

const changes = createRoute({
  getParentRoute: () => root,
  path: '/settings/changes',
  component: lazyRouteComponent(() => import('../feature/policy/changes-page.tsx')),
});

const members = createRoute({
  getParentRoute: () => root,
  path: '/settings/members',
  component: lazyRouteComponent(() => import('../feature/settings/members-page.tsx')),
});

const roles = createRoute({
  getParentRoute: () => root,
  path: '/settings/roles',
  component: lazyRouteComponent(() => import('../feature/settings/roles-page.tsx')),
});

const teams = createRoute({
  getParentRoute: () => root,
  path: '/settings/teams',
  component: lazyRouteComponent(() => import('../feature/settings/teams-page.tsx')),
});

const keys = createRoute({
  getParentRoute: () => root,
  path: '/settings/keys',
  component: lazyRouteComponent(() => import('../feature/settings/keys-page.tsx')),
});

const connections = createRoute({
  getParentRoute: () => root,
  path: '/settings/connections',
  component: lazyRouteComponent(() => import('../feature/settings/connections-page.tsx')),
});

const webhooks = createRoute({
  getParentRoute: () => root,
  path: '/settings/webhooks',
  component: lazyRouteComponent(() => import('../feature/settings/webhooks-page.tsx')),
});

const schedules = createRoute({
  getParentRoute: () => root,
  path: '/settings/schedules',
  component: lazyRouteComponent(() => import('../feature/settings/schedules-page.tsx')),
});

const tools = createRoute({
  getParentRoute: () => root,
  path: '/settings/tools',
  // A sign-in to a tool server ends here.
  validateSearch: (search): { server?: string; problem?: string } => ({
    ...(typeof search.server === 'string' && { server: search.server }),
    ...(typeof search.problem === 'string' && { problem: search.problem }),
  }),
  component: lazyRouteComponent(() => import('../feature/settings/tools-page.tsx')),
});

const secrets = createRoute({
  getParentRoute: () => root,
  path: '/settings/secrets',
  component: lazyRouteComponent(() => import('../feature/settings/secrets-page.tsx')),
});

const ssoProviders = createRoute({
  getParentRoute: () => root,
  path: '/settings/sso',
  // A test ends here, in the window that it was opened in.
  validateSearch: (search): { test?: string; error?: string } => ({
    ...(typeof search.test === 'string' && { test: search.test }),
    ...(typeof search.error === 'string' && { error: search.error }),
  }),
  component: lazyRouteComponent(() => import('../feature/sso/providers-page.tsx')),
});

const ssoProvider = createRoute({
  getParentRoute: () => root,
  path: '/settings/sso/$providerId',
  component: lazyRouteComponent(() => import('../feature/sso/provider-page.tsx')),
});

const provisioning = createRoute({
  getParentRoute: () => root,
  path: '/settings/provisioning',
  component: lazyRouteComponent(() => import('../feature/settings/provisioning-page.tsx')),
});

const security = createRoute({
  getParentRoute: () => root,
  path: '/settings/security',
  component: lazyRouteComponent(() => import('../feature/settings/security-page.tsx')),
});

const encryption = createRoute({
  getParentRoute: () => root,
  path: '/settings/encryption',
  component: lazyRouteComponent(() => import('../feature/settings/encryption-page.tsx')),
});

const usage = createRoute({
  getParentRoute: () => root,
  path: '/settings/usage',
  component: lazyRouteComponent(() => import('../feature/settings/usage-page.tsx')),
});

const closing = createRoute({
  getParentRoute: () => root,
  path: '/settings/closing',
  component: lazyRouteComponent(() => import('../feature/settings/closing-page.tsx')),
});

const operator = createRoute({
  getParentRoute: () => root,
  path: '/operator',
  validateSearch: (search): { find?: string; state?: string } => ({
    ...(typeof search.find === 'string' && { find: search.find }),
    ...(typeof search.state === 'string' && { state: search.state }),
  }),
  component: lazyRouteComponent(() => import('../feature/operator/tenants-page.tsx')),
});

const operatorTenant = createRoute({
  getParentRoute: () => root,
  path: '/operator/tenants/$tenantId',
  component: lazyRouteComponent(() => import('../feature/operator/tenant-page.tsx')),
});

const registrations = createRoute({
  getParentRoute: () => root,
  path: '/operator/registrations',
  component: lazyRouteComponent(() => import('../feature/operator/registrations-page.tsx')),
});

const operatorSystem = createRoute({
  getParentRoute: () => root,
  path: '/operator/system',
  component: lazyRouteComponent(() => import('../feature/operator/system-page.tsx')),
});

const analytics = createRoute({
  getParentRoute: () => root,
  path: '/analytics',
  validateSearch: readSearch,
  component: lazyRouteComponent(() => import('../feature/analytics/analytics-page.tsx')),
});

const operatorVolume = createRoute({
  getParentRoute: () => root,
  path: '/operator/volume',
  component: lazyRouteComponent(() => import('../feature/operator/volume-page.tsx')),
});

const operatorJobs = createRoute({
  getParentRoute: () => root,
  path: '/operator/jobs',
  component: lazyRouteComponent(() => import('../feature/operator/jobs-page.tsx')),
});

const operatorBackups = createRoute({
  getParentRoute: () => root,
  path: '/operator/backups',
  component: lazyRouteComponent(() => import('../feature/operator/backups-page.tsx')),
});

const help = createRoute({
  getParentRoute: () => root,
  path: '/help',
  component: lazyRouteComponent(() => import('../feature/help/help-page.tsx')),
});

const helpPage = createRoute({
  getParentRoute: () => root,
  path: '/help/$page',
  component: lazyRouteComponent(() => import('../feature/help/help-page.tsx')),
});

const errors = createRoute({
  getParentRoute: () => root,
  // The `type` of every problem of the API, with its code behind the #.
  path: '/docs/errors',
  beforeLoad: ({ location }) => {
    throw redirect({ to: '/help/$page', params: { page: 'errors' }, hash: location.hash, replace: true });
  },
});

const work = [inbox, send, approval, tasks, task, audit, vault, note, search, history, version, deleted, files, money, agenda, status];
const automation = [playbooks, playbook, noteEdit];
const people = [signIn, join, register, account, notices, noticeRules];
const administration = [setup, settings, general, policies, grants, changes, model, usage, closing];
const access = [members, roles, teams, keys, ssoProviders, ssoProvider, provisioning, security];
const protection = [secrets, encryption];
const outside = [connections, schedules, webhooks, tools];
const figures = [analytics];
const documentation = [help, helpPage, errors];
const installation = [operator, operatorTenant, registrations, operatorSystem, operatorVolume, operatorJobs, operatorBackups];

/** Every page of the product; each is its own chunk. */
export const router = createRouter({
  routeTree: root.addChildren([
    ...work,
    ...automation,
    ...figures,
    ...documentation,
    ...people,
    ...administration,
    ...access,
    ...protection,
    ...outside,
    ...installation,
  ]),
  defaultPreload: 'intent',
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
