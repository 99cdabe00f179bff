import { OpenAPIHono } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { FactotumError, type Logger, newId } from '#kernel';
import type { Principal } from '#trust/identity';
import { addAbsenceRoutes } from './absence.ts';
import { addAccountRoutes } from './account.ts';
import { addAgendaRoutes } from './agenda.ts';
import { addAnalyticsRoutes } from './analytics.ts';
import { addApiKeyRoutes } from './api-key.ts';
import { addApprovalRoutes } from './approval.ts';
import { addApprovalBulkRoutes } from './approval-bulk.ts';
import { addApprovalHandlingRoutes } from './approval-handling.ts';
import { addApprovalLookRoutes } from './approval-look.ts';
import { addAssets } from './assets.ts';
import { addAttachmentRoutes } from './attachment.ts';
import { addAuditRoutes } from './audit.ts';
import { addClosureRoutes } from './closure.ts';
import { addConnectionRoutes } from './connection.ts';
import { addDemoRoutes } from './demo.ts';
import type { HttpDeps } from './deps.ts';
import { addDeviceRoutes } from './device.ts';
import { addEncryptionRoutes } from './encryption.ts';
import { addEncryptionProviderRoutes } from './encryption-provider.ts';
import { addEventRoutes } from './event.ts';
import { addExportRoutes } from './export.ts';
import { addFileRoutes } from './file.ts';
import { createGate } from './gate.ts';
import { addGrantRoutes } from './grant.ts';
import { isSecureHost, setSecurityHeaders } from './headers.ts';
import { addHealthRoutes } from './health.ts';
import { addHookRoutes } from './hook.ts';
import { createIdempotency } from './idempotency.ts';
import { addIncomingFileRoutes } from './incoming-file.ts';
import { addInvitationRoutes } from './invitation.ts';
import { addJobRoutes } from './job.ts';
import { addLedgerRoutes } from './ledger.ts';
import { createFigures } from './listener/figures.ts';
import { type Listening, type ListenOptions, listen } from './listener/listen.ts';
import { createLoad } from './load.ts';
import { addMcpEndpoint } from './mcp/endpoint.ts';
import { addMeRoutes } from './me.ts';
import { addOwnChangeRoutes } from './me-change.ts';
import { addMemberRoutes } from './member.ts';
import { addMetricsRoute, countRequests } from './metrics.ts';
import { addModelRoutes } from './model.ts';
import { movedTo, redirect } from './moved.ts';
import { addNoticeRoutes } from './notice.ts';
import { addDescriptionRoutes } from './openapi.ts';
import { addOperatorAnalyticsRoutes } from './operator/analytics.ts';
import { addBackupRoutes } from './operator/backup.ts';
import { addCertificateRoutes } from './operator/certificate.ts';
import { addImportRoutes } from './operator/import.ts';
import { addOperatorJobRoutes } from './operator/job.ts';
import { addOperatorRegistrationRoutes } from './operator/registration.ts';
import { addSystemRoutes } from './operator/system.ts';
import { addTenantRoutes } from './operator/tenant.ts';
import { packForPage } from './pack.ts';
import { addPlaybookRoutes } from './playbook.ts';
import { addPolicyRoutes } from './policy.ts';
import { namedFailure, problemResponse } from './problem.ts';
import { addQuotaRoutes } from './quota.ts';
import { createRateLimit } from './rate-limit.ts';
import { addRegistrationRoutes } from './registration.ts';
import { addRoleRoutes } from './role.ts';
import { type App, createRoutes, type Env, type Routes } from './route.ts';
import { addScheduleRoutes } from './schedule.ts';
import { addScimAdminRoutes } from './scim/admin.ts';
import { addScimRoutes } from './scim/routes.ts';
import { addSecretRoutes } from './secret.ts';
import { addSecretRotationRoutes } from './secret-rotation.ts';
import { addSecurityRoutes } from './security.ts';
import { addServiceAccountRoutes } from './service-account.ts';
import { addSessionRoutes } from './session.ts';
import { addSettingHistoryRoutes } from './setting-history.ts';
import { addSettingsRoutes } from './settings.ts';
import { addSignInRoutes } from './sign-in.ts';
import { addSsoProviderRoutes } from './sso-provider.ts';
import { addSsoSignInRoutes } from './sso-sign-in.ts';
import { addStatusRoutes } from './status.ts';
import { addTaskRoutes } from './task.ts';
import { addTeamRoutes } from './team.ts';
import { addTokenRoutes } from './token.ts';
import { addToolServerRoutes } from './tool-server.ts';
import { addVaultRoutes } from './vault.ts';
import { addVaultChangeRoutes } from './vault-change.ts';
import { addVaultHistoryRoutes } from './vault-history.ts';
import { addVaultLinkRoutes } from './vault-link.ts';
import { addVaultSearchRoutes } from './vault-search.ts';
import { addViewRoutes } from './view.ts';
import { addWebdav } from './webdav.ts';
import { addWebhookRoutes } from './webhook.ts';

export interface Http {
  readonly app: App;
  readonly fetch: App['fetch'];
  /** Answers a request of somebody whom another door has let in. */
  fetchAs(request: Request, principal: Principal): Promise<Response>;
  /** Every route with what it asks for. */
  readonly routes: Routes['table'];
  /** Begins to serve and gives the port. @throws what listening does, for instance EADDRINUSE. */
  listen(options: ListenOptions): Promise<number>;
  /** Looks now whether the files of certificate and edge have changed, which it does by itself as well. */
  reload(): Promise<void>;
  /** Takes nothing new and lets what is under way finish for up to `graceMs`. */
  close(graceMs?: number): Promise<void>;
}

/** Builds the HTTP surface: the API, the dashboard, the probes. Nothing listens yet. */
export async function createHttp(deps: HttpDeps): Promise<Http> {
  const app: App = new OpenAPIHono<Env>();
  const load = createLoad();
  const rateLimit = createRateLimit({ ...deps, load });
  app.use('*', countRequests(deps.metrics, deps.onAnswered), frame(deps), rateLimit.frame);
  app.onError((error, c) => {
    const failure = namedFailure(error);
    report(deps.log, failure, c.var.requestId);
    const answer = problemResponse(failure, c.var.requestId);
    const elsewhere = c.env?.principal === undefined ? movedTo(failure, c.req.raw) : null;
    return elsewhere === null ? answer : redirect(answer, elsewhere);
  });
  app.notFound(async (c) => {
    const failure = await rateLimit
      .address(c, 'read')
      .then(() => new FactotumError('request.not_found', 'There is nothing at this address.'), namedFailure);
    return problemResponse(failure, c.var.requestId);
  });

  const gate = createGate(deps);
  const routes = createRoutes(app, deps, { gate, idempotency: createIdempotency(deps), rateLimit });
  addHealthRoutes(routes, deps);
  addMetricsRoute(routes, deps);
  addDescriptionRoutes(app, routes);
  addSignInRoutes(routes, deps, { registration: () => deps.registrations.isOpen });
  addSessionRoutes(app, routes, { ...deps, rateLimit });
  addAccountRoutes(routes, deps);
  addDeviceRoutes(routes, deps);
  addMeRoutes(routes, { ...deps, gate });
  addOwnChangeRoutes(routes, deps);
  addNoticeRoutes(routes, deps);
  addEventRoutes(routes, deps);
  addTaskRoutes(routes, deps);
  addViewRoutes(routes);
  addApprovalRoutes(routes, deps);
  addApprovalHandlingRoutes(routes, deps);
  addApprovalLookRoutes(routes, deps);
  addApprovalBulkRoutes(routes, deps);
  addAbsenceRoutes(routes, deps);
  addVaultRoutes(routes, deps);
  addFileRoutes(routes, deps);
  addIncomingFileRoutes(routes, deps);
  addAttachmentRoutes(routes, deps);
  addVaultChangeRoutes(routes, deps);
  addVaultHistoryRoutes(routes, deps);
  addVaultSearchRoutes(routes, deps);
  addVaultLinkRoutes(routes, deps);
  addPlaybookRoutes(routes, deps);
  addAuditRoutes(routes, deps);
  addQuotaRoutes(routes, deps);
  addAnalyticsRoutes(routes, deps);
  addStatusRoutes(routes, deps);
  addDemoRoutes(routes, deps);
  addSystemRoutes(routes, deps);
  addEncryptionRoutes(routes, deps);
  addEncryptionProviderRoutes(routes, deps);
  addApiKeyRoutes(routes, deps);
  addServiceAccountRoutes(routes, deps);
  addTokenRoutes(routes, deps);
  addMemberRoutes(routes, deps);
  addInvitationRoutes(routes, deps);
  addRoleRoutes(routes, deps);
  addTeamRoutes(routes, deps);
  addConnectionRoutes(routes, deps);
  addHookRoutes(routes, deps);
  addScheduleRoutes(routes, deps);
  addWebhookRoutes(routes);
  addLedgerRoutes(routes, deps);
  addAgendaRoutes(routes, deps);
  addSecurityRoutes(routes, deps);
  addSecretRoutes(routes, deps);
  addSecretRotationRoutes(routes, deps);
  addScimAdminRoutes(routes, deps);
  addScimRoutes(app, { ...deps, gate, rateLimit });
  addSsoProviderRoutes(routes, deps);
  addSsoSignInRoutes(routes, { ...deps, gate });
  addPolicyRoutes(routes, deps);
  addGrantRoutes(routes, deps);
  addSettingsRoutes(routes, deps);
  addSettingHistoryRoutes(routes, deps);
  addModelRoutes(routes, deps);
  addToolServerRoutes(routes, deps);
  addExportRoutes(routes, deps);
  addImportRoutes(routes, deps);
  addClosureRoutes(routes);
  addJobRoutes(routes);
  addTenantRoutes(routes, deps);
  addCertificateRoutes(routes, deps);
  addOperatorJobRoutes(routes, deps);
  addOperatorAnalyticsRoutes(routes, deps);
  addBackupRoutes(routes, deps);
  addRegistrationRoutes(routes, deps);
  addOperatorRegistrationRoutes(routes, deps);
  addMcpEndpoint(app, { ...deps, gate, rateLimit });
  addWebdav(app, { ...deps, gate, rateLimit });
  routes.refuseOtherMethods();
  await addAssets(app, deps.webFolder);
  const figures = createFigures(deps.metrics);
  const listening: Listening[] = [];
  return {
    app,
    fetch: app.fetch,
    fetchAs: async (request, principal) => app.fetch(request, { principal }),
    routes: routes.table,
    listen: async (options) => {
      const started = await listen(app.fetch, options, { clock: deps.clock, log: deps.log, figures });
      listening.push(started);
      load.start();
      return started.port;
    },
    reload: async () => {
      await Promise.all(listening.map((started) => started.reload()));
    },
    close: async (graceMs) => {
      load.stop();
      await Promise.all(listening.splice(0).map((started) => started.close(graceMs)));
    },
  };
}

/** Around every answer: the request's id, security headers, and no service under a name that is not ours. */
function frame({ addresses }: Pick<HttpDeps, 'addresses'>): MiddlewareHandler<Env> {
  return async (c, next) => {
    const requestId = newId('request');
    c.set('requestId', requestId);
    const { host } = new URL(c.req.url);
    const ours = addresses();
    // Probes come by whatever address the machine has, and learn nothing. Whom another door has let in did not come by a name.
    const isOurs = ours.isOurs(host) || c.env?.principal !== undefined || c.req.path === '/livez' || c.req.path === '/readyz';
    const refusal = c.env?.refusal ?? (isOurs ? undefined : unknownHost());
    if (refusal === undefined) {
      await next();
      c.res = await packForPage(c.req.raw, c.res);
    } else c.res = problemResponse(refusal, requestId);
    c.res.headers.set('x-request-id', requestId);
    setSecurityHeaders(c.res.headers, { host: ours.isOurs(host) ? host : 'localhost', isSecure: isSecureHost(host, ours) });
  };
}

const unknownHost = () =>
  new FactotumError('request.unknown_host', 'This server is not known by that name. Set FACTOTUM_PUBLIC_URL to the address people use.');

/** What went wrong on our side goes to the log with the request's id; what callers do wrong is theirs to read in the answer. */
function report(log: Logger, failure: FactotumError, requestId: string): void {
  if (failure.status < 500) return;
  const isOurFault = failure.status === 500;
  log[isOurFault ? 'error' : 'warn']({ err: failure, requestId }, 'a request failed');
}
