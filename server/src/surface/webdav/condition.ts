import { etagsOf } from '#surface/conditional';
import type { VaultLock } from '#trust/vault';
import { holdsIf, type IfHeader } from './if-header.ts';
import { locksOn } from './locks.ts';
import { Refusal } from './refusal.ts';
import type { Resource, View } from './view.ts';

/** The etag of what has content; null of folders and of nothing. */
export const etagIn = (resource: Resource | null): string | null =>
  resource === null || resource.kind === 'folder' ? null : resource.etag;

/** Whether what a request makes conditional holds. @throws Refusal 412 */
export async function requireConditions(
  request: Request,
  {
    path,
    resource,
    view,
    locks,
    ifHeader,
  }: {
    readonly path: string;
    readonly resource: Resource | null;
    readonly view: View;
    readonly locks: readonly VaultLock[];
    readonly ifHeader: IfHeader;
  },
): Promise<void> {
  const { headers } = request;
  const isReading = request.method === 'GET' || request.method === 'HEAD';
  const etag = etagIn(resource);
  const ifMatch = headers.get('if-match');
  if (ifMatch !== null && !(ifMatch.trim() === '*' ? resource !== null : etag !== null && etagsOf(ifMatch).includes(etag))) throw failed();
  const ifNoneMatch = headers.get('if-none-match');
  if (
    ifNoneMatch !== null &&
    !isReading &&
    (ifNoneMatch.trim() === '*' ? resource !== null : etag !== null && etagsOf(ifNoneMatch).includes(etag))
  )
    throw failed();
  const since = Date.parse(headers.get('if-unmodified-since') ?? '');
  if (!Number.isNaN(since) && ifMatch === null && isContent(resource) && seconds(resource.modifiedAt.getTime()) > seconds(since))
    throw failed();
  const holds = await holdsIf(ifHeader, {
    path,
    etagOf: async (target) => etagIn(target === path ? resource : target.startsWith('\0') ? null : await view.find(target)),
    tokensOf: async (target) => new Set(locksOn(locks, target).map(({ token }) => token)),
  });
  if (!holds) throw failed();
}

export const isContent = (resource: Resource | null): resource is Exclude<Resource, { kind: 'folder' }> =>
  resource !== null && resource.kind !== 'folder';

/** HTTP dates have whole seconds. */
const seconds = (ms: number): number => Math.floor(ms / 1_000);

const failed = () => new Refusal(412, 'What the request makes a condition does not hold: somebody has changed it. Read it again.');
