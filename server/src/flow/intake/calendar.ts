import type { Id, JsonObject } from '#kernel';
import type { TenantKeys } from '#trust/key';

/** One transaction of a tenant. */
interface Client {
  query<Row extends object>(text: string, values: readonly unknown[]): Promise<{ rows: Row[]; rowCount: number | null }>;
}

/** What a mail says about an appointment (RFC 6047). */
export interface CalendarPart {
  /** What kind of event the mail is because of it; null: a mail like any other. */
  readonly kind: string | null;
  /** What planners read of it, beside the mail; some 20 KB at the very worst. */
  readonly summary: JsonObject;
  /** Takes it in, in the transaction that keeps the mail. */
  apply(client: Client, place: { readonly tenantId: Id<'tenant'>; readonly keys: TenantKeys; readonly now: Date }): Promise<void>;
}

/** Reads the text/calendar part of a mail; null for one that nobody understands. @param from - the address that the mail claims to be from */
export type ReadCalendarPart = (part: {
  readonly tenantId: Id<'tenant'>;
  readonly text: string;
  readonly from: string;
}) => CalendarPart | null;

/** Larger ones are files, not invitations. */
export const calendarPartBytesMax = 1024 * 1024;
