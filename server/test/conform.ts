import assert from 'node:assert/strict';
import { z } from 'zod';
import { errorCatalogue } from '#kernel';
import type { Http } from '#surface/http';

/** Codes that any route may answer, whatever it is about. */
const general =
  /^(?:request\.(?:invalid|not_json|too_large|unsupported_type|foreign_origin|unknown_host)|auth\.(?:required|forbidden|address_refused|second_factor_required)|idempotency\.\w+|tenant\.(?:suspended|moving|moved)|quota\.exceeded|server\.\w+|database\.unavailable)$/;

const problemSchema = z.looseObject({
  type: z.string().startsWith('/docs/errors#'),
  title: z.string().min(1),
  status: z.int(),
  code: z.enum(Object.keys(errorCatalogue)),
  detail: z.string().min(1).optional(),
  requestId: z.string().regex(/^req_[0-9a-f]{24}$/),
});

/** Asserts that an answer of the API is what its route declares: a declared status with exactly the declared members, or a problem with a declared code. */
export async function assertConforms(
  routes: Http['routes'],
  { method, path }: { method: string; path: string },
  response: Response,
): Promise<void> {
  const where = `${method} ${path} answered ${response.status}`;
  assert.match(response.headers.get('x-request-id') ?? '', /^req_[0-9a-f]{24}$/, where);
  const spec = routes.find((route) => matches(route.spec, method, path))?.spec;
  const type = response.headers.get('content-type') ?? '';
  if (type.startsWith('application/problem+json')) {
    const problem = problemSchema.parse(await response.json());
    assert.equal(problem.status, response.status, where);
    assert.equal(problem.type, `/docs/errors#${problem.code}`, where);
    const isDeclared =
      spec === undefined ||
      general.test(problem.code) ||
      (spec.fresh === true && problem.code === 'auth.step_up_required') ||
      spec.errors?.some((code) => code === problem.code);
    assert.ok(isDeclared, `${where} with ${problem.code}, which the route does not declare`);
    return;
  }
  if (spec === undefined || response.headers.has('idempotency-replayed')) return;
  const answer = spec.answers[response.status];
  assert.notEqual(answer, undefined, `${where}, which the route does not declare`);
  if (answer === null || answer === undefined) assert.equal(await response.text(), '', where);
  else if (typeof answer === 'string') assert.ok(type.startsWith(answer) || path.startsWith('/api/v1/vault/notes/'), `${where} as ${type}`);
  else {
    const body: unknown = await response.json();
    assert.deepEqual(answer.parse(body), body, `${where} with members that are not declared`);
  }
}

function matches(spec: Http['routes'][number]['spec'], method: string, path: string): boolean {
  const pattern = spec.path
    .replace(/[.]/g, '\\.')
    .replace('{path}', '.+')
    .replaceAll(/\{\w+\}/g, '[^/]+');
  return spec.method === method.toLowerCase() && new RegExp(`^${pattern}$`).test(new URL(path, 'http://any').pathname);
}
