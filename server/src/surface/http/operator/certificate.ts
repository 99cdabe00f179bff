import { z } from 'zod';
import { FactotumError } from '#kernel';
import { withTenant } from '#kernel/database';
import { findCertificate } from '#trust/tenant';
import type { HttpDeps } from '../deps.ts';
import type { Routes } from '../route.ts';
import { certificateSchema } from '../tenant-schema.ts';
import { tenantIdOf } from './tenant.ts';

/** What is left to show of a tenant that was erased. */
export function addCertificateRoutes(routes: Routes, { database, installation }: Pick<HttpDeps, 'database' | 'installation'>): void {
  routes.addOperator(
    {
      method: 'get',
      path: '/api/v1/operator/tenants/{id}/certificate',
      summary: "The certificate of a tenant's destruction",
      tag: 'operator',
      params: z.object({ id: z.string() }),
      answers: { 200: certificateSchema },
      errors: ['tenant.not_found'],
    },
    async ({ params }) => {
      const tenantId = tenantIdOf(params.id);
      const note = await withTenant(database.app.db, tenantId, (tx) => findCertificate(tx, tenantId));
      if (note === null) throw new FactotumError('tenant.not_found', 'No tenant with this id was erased here.');
      return { status: 200, body: { tenantId, note, verifierKey: installation.signer.verifierKeyText } };
    },
  );
}
