/** The shapes of the calendars in `/api/v1`. */

export interface AgendaEntry {
  id: string;
  /** Which time of a series; null for what is none. */
  occurrence: string | null;
  calendar: { id: string; name: string };
  title: string;
  place: string;
  /** In UTC; of whole days the first day. */
  start: string;
  /** In UTC; of whole days the one after the last. */
  end: string;
  allDay: boolean;
  attendees: { address: string; name: string; answer: string }[];
  status: 'confirmed' | 'tentative' | 'cancelled';
  /** Who else asks for it, and what was answered. */
  invitation: { by: { address: string; name: string }; answer: string | null } | null;
  /** Until when the time is held: then it is free again. */
  heldUntil: string | null;
  /** Ids of what takes the same time of the same person. */
  conflicts: string[];
}

export interface AgendaList {
  items: AgendaEntry[];
  complete: boolean;
  calendars: { id: string; name: string }[];
}

export interface FreeTimes {
  items: { start: string; end: string }[];
  complete: boolean;
}
