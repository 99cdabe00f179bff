const storageKey = (tenantId: string) => `factotum.log-key.${tenantId}`;

/** The verifier key this browser saw first for the tenant's log, or null before the first. */
export function pinnedKey(tenantId: string): string | null {
  return localStorage.getItem(storageKey(tenantId));
}

/** Remembers the key if none is remembered yet: a log that later shows another one is not the log it was. */
export function pinKey(tenantId: string, verifierKey: string): void {
  if (pinnedKey(tenantId) === null) localStorage.setItem(storageKey(tenantId), verifierKey);
}
