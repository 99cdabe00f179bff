import { z } from 'zod';
import { withTenant } from '#kernel/database';
import { languageOf } from '#kernel/words';
import { publicHead } from '#trust/audit';
import { jsonBody } from './body.ts';
import type { HttpDeps } from './deps.ts';
import type { Gate } from './gate.ts';
import { createPreferences } from './me-preference.ts';
import { isOperatorPerson } from './person-log.ts';
import type { Routes } from './route.ts';
import { appearanceSchema, languageSchema, meSchema } from './schema.ts';

export function addMeRoutes(
  routes: Routes,
  deps: Pick<HttpDeps, 'database' | 'identity' | 'keyring' | 'plannerModel' | 'dropFolderOf'> & { gate: Gate },
): void {
  const { gate, database, identity, plannerModel, dropFolderOf } = deps;
  const preferences = createPreferences(deps);
  routes.addKnown(
    {
      method: 'get',
      path: '/api/v1/me',
      summary: 'Who asks, for which tenant, and what they may do',
      tag: 'session',
      answers: { 200: meSchema },
    },
    async ({ principal }) => {
      const { kind, email, actor, name, session } = principal;
      const tenant = isOperatorPerson(principal) ? null : await gate.tenant(principal.tenantId);
      const head = tenant === null ? null : await withTenant(database.app.db, tenant.id, (tx) => publicHead(tx, tenant.id));
      const self = session === undefined ? null : await identity.account.places({ principal, session });
      return {
        status: 200,
        body: {
          tenant: tenant === null ? null : { id: tenant.id, name: tenant.name, language: languageOf(tenant.settings.locale) },
          principal: { kind, name, actor, ...(email === undefined ? {} : { email }) },
          permissions: isOperatorPerson(principal) ? [] : [...principal.permissions].sort(),
          pending: isOperatorPerson(principal) ? null : (principal.pending ?? null),
          tenants: self?.tenants ?? [],
          operator: self?.operator ?? false,
          appearance: session === undefined ? null : await identity.account.appearance({ principal, session }),
          language: session === undefined ? null : await identity.account.language({ principal, session }),
          planner: { model: plannerModel },
          feed: tenant === null ? null : (head?.size ?? 0) - 1,
          drop: tenant === null ? null : dropFolderOf({ id: tenant.id, name: tenant.name }),
        },
      };
    },
  );

  routes.addPerson(
    {
      method: 'put',
      path: '/api/v1/me/appearance',
      summary: 'Say how one likes to see things, wherever one signs in',
      tag: 'account',
      body: jsonBody(appearanceSchema, { bytesMax: 1_024 }),
      answers: { 204: null },
    },
    async (call) => {
      await preferences.setAppearance(call, call.body);
      return { status: 204 };
    },
  );

  routes.addPerson(
    {
      method: 'put',
      path: '/api/v1/me/language',
      summary: 'Say what one reads: the dashboard and letters, wherever one signs in',
      tag: 'account',
      body: jsonBody(z.strictObject({ language: languageSchema }), { bytesMax: 1_024 }),
      answers: { 204: null },
    },
    async (call) => {
      await preferences.setLanguage(call, call.body.language);
      return { status: 204 };
    },
  );
}
