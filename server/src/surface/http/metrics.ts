import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import { Counter, Histogram, type Registry } from 'prom-client';
import { FactotumError } from '#kernel';
import type { HttpDeps } from './deps.ts';
import { isLoopback } from './listener/probe.ts';
import type { Env, Routes } from './route.ts';

/** Counts requests and how long they took, by route and never by address: ids in labels would grow without end. */
export function countRequests(registry: Registry, onAnswered: HttpDeps['onAnswered']): MiddlewareHandler<Env> {
  const requests = new Counter({
    name: 'factotum_http_requests_total',
    help: 'HTTP requests answered.',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'factotum_http_request_seconds',
    help: 'Time from a request to its answer.',
    labelNames: ['method', 'route'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  });
  return async (c, next) => {
    const startedAt = performance.now();
    await next();
    const labels = { method: knownMethods.has(c.req.method) ? c.req.method : 'other', route: c.var.route ?? 'none' };
    requests.inc({ ...labels, status: c.res.status });
    const tookMs = performance.now() - startedAt;
    seconds.observe(labels, tookMs / 1000);
    onAnswered?.(tookMs, c.res.status);
  };
}

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']);

/** What a proxy adds, whichever it is. */
const proxyHeaders = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'cf-connecting-ip'];

/** Figures for Prometheus: for this machine, and for whoever has the token. */
export function addMetricsRoute(routes: Routes, { metrics, metricsToken }: Pick<HttpDeps, 'metrics' | 'metricsToken'>): void {
  routes.addOpen(
    {
      method: 'get',
      path: '/metrics',
      summary: 'Figures for Prometheus: from loopback, elsewhere with the metrics token as a bearer token',
      tag: 'health',
      limit: 'none',
      answers: { 200: 'text/plain' },
      errors: ['auth.required'],
    },
    async ({ request: { headers }, caller: { address } }) => {
      // A proxy on this machine is not the one who asks.
      const isHere = isLoopback(address) && !proxyHeaders.some((name) => headers.has(name));
      if (!isHere && !isToken(headers.get('authorization'), metricsToken))
        throw new FactotumError('auth.required', 'From outside this machine, send the metrics token as a bearer token.');
      return new Response(await metrics.metrics(), { headers: { 'content-type': metrics.contentType, 'cache-control': 'no-store' } });
    },
  );
}

/** Hashed first, so that the comparison takes as long whatever was sent. */
function isToken(authorization: string | null, token: string | undefined): boolean {
  const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  return given !== undefined && token !== undefined && timingSafeEqual(sha256(given), sha256(token));
}
const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
