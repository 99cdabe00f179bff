import type { z } from 'zod';
import { canonicalJson, type JsonObject } from '#kernel';
import { invalid } from './kinds.ts';
import type { AnyConnector } from './port.ts';

/** What a change of settings comes to. */
export interface Move {
  /** What was read so far belongs to another place: the cursor is void. */
  readonly toAnotherPlace: boolean;
  /** Credentials would be sent where they have not been sent before. */
  readonly leadsElsewhere: boolean;
}

/** Where settings lead that were others; where the connector does not say, any others lead elsewhere, and the cursor stays. */
export function moveOf(
  { place, destinations, settings }: AnyConnector,
  before: JsonObject,
  { parsed: after, given }: { readonly parsed: z.infer<z.ZodObject>; readonly given: JsonObject },
): Move {
  const parsed = settings.safeParse(before);
  if (place === undefined || !parsed.success) {
    const leadsElsewhere = canonicalJson(before) !== canonicalJson(given);
    return { toAnotherPlace: leadsElsewhere && place !== undefined, leadsElsewhere };
  }
  const toAnotherPlace = place(parsed.data) !== place(after);
  const known = new Set(destinations?.(parsed.data));
  return { toAnotherPlace, leadsElsewhere: toAnotherPlace || destinations?.(after).some((one) => !known.has(one)) === true };
}

/** What is saved goes nowhere else than where it was meant to. @throws FactotumError `connection.invalid` */
export function requireAnew(before: Readonly<Record<string, string>>, given: Readonly<Record<string, string | null>>): void {
  const kept = Object.keys(before).filter((name) => given[name] === undefined);
  if (kept.length > 0)
    throw invalid(`These settings lead elsewhere: enter ${kept.join(', ')} anew, or have somebody change it who administers secrets.`);
}
