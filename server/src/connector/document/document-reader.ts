import { createTurns, FactotumError, type Id } from '#kernel';
import type { DocumentText } from './document.ts';
import { type DocumentInput, type ReadOptions, readDocument } from './read-document.ts';

/** Documents of one tenant that wait to be read: minutes of reading at worst, and more than any mail has attachments. */
const waitingMax = 64;
/** What is read takes half a second, so room comes soon. */
const retryAfterMs = 2_000;

/**
 * The reader of this process: so many documents at once, the tenants' in turn, and always one place that a tenant which has many leaves to
 * the others.
 *
 * @param read - reads one document
 * @returns the reader of a tenant's documents. It throws what `readDocument` does, and FactotumError `document.busy` (to be tried again)
 * when 64 of the tenant wait.
 */
export function createDocumentReader(
  { atOnceMax }: { readonly atOnceMax: number },
  read = readDocument,
): (tenantId: Id<'tenant'>) => (input: DocumentInput, options?: ReadOptions) => Promise<DocumentText> {
  const inTurn = createTurns<Id<'tenant'>>({ atOnceMax, eachMax: Math.max(1, atOnceMax - 1), waiting: { max: waitingMax, busy } });
  return (tenantId) => (input, options) => inTurn(tenantId, () => read(input, options), options?.signal);
}

const busy = () =>
  new FactotumError('document.busy', `${waitingMax} of your documents wait to be read already. Send this one again in a few seconds.`, {
    details: { retryAfterMs },
  });
