import { FactotumError, isFactotumError } from '#kernel';
import { escapeXml } from './xml.ts';

/** What the protocol answers with a status of its own: an expected end of a request, thrown from wherever it is found. */
export class Refusal extends Error {
  readonly status: number;
  /** An element of RFC 4918, 16, that says it to programs. */
  readonly condition: string | undefined;

  constructor(status: number, message: string, condition?: string) {
    super(message);
    this.status = status;
    this.condition = condition;
  }
}

/** What our own failures are in this protocol, where its clients expect another status than our API's. */
const statuses: Readonly<Record<string, number>> = {
  'vault.generated': 403,
  'approval.note_changed': 409,
  'vault.exists': 409,
  'file.exists': 409,
};

/** Any failure as the protocol says it: a few words for people, an element for programs. */
export function refusalResponse(error: Refusal | FactotumError): Response {
  const isFull = isFactotumError(error, 'quota.exceeded') && error.details?.quota === 'vaultBytes';
  const status = error instanceof Refusal ? error.status : isFull ? 507 : (statuses[error.code] ?? error.status);
  const condition = error instanceof Refusal ? error.condition : isFull ? 'quota-not-exceeded' : undefined;
  const told =
    error instanceof FactotumError && error.status >= 500 && error.status !== 507 ? 'Something is wrong on our side.' : error.message;
  const headers = new Headers({ 'content-type': 'application/xml; charset=utf-8', 'cache-control': 'no-store' });
  if (status === 401) headers.set('www-authenticate', 'Basic realm="Factotum vault", charset="UTF-8"');
  if (status === 429 || status === 503) headers.set('retry-after', '5');
  const element = condition === undefined ? '' : `<d:${condition}/>`;
  const code = error instanceof FactotumError ? `<f:code>${error.code}</f:code>` : '';
  const body = `<?xml version="1.0" encoding="utf-8"?>\n<d:error xmlns:d="DAV:" xmlns:f="urn:factotum">${element}${code}<f:message>${escapeXml(told)}</f:message></d:error>\n`;
  return new Response(body, { status, headers });
}
