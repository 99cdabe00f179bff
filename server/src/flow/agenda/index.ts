/** The door to calendars: what they say, when it takes place, who is free, and what is due because of them. */
export { type Agenda, type AgendaEntry, type AgendaMemory, type AgendaPerson, createAgenda, type FoundItem } from './agenda.ts';
export type { Appointment, Attendee } from './appointment.ts';
export { answered, broughtBack, cancelled, compose, message, moved, type Times } from './compose.ts';
export { differences, inWords, isIdentical, main } from './diff.ts';
export { expand, type Occurrence } from './expand.ts';
export { type CalendarMail, readCalendarMail } from './itip.ts';
export { createAgendaKeeper } from './keeper.ts';
export { movedSeries, movesAlong } from './move-series.ts';
export { readCalendar, type Series } from './read.ts';
export type { AgendaChanges, Calendar, InvitationMessage, WriteBody } from './schema.ts';
export { seriesOf } from './sink.ts';
export { findSlots, type Participant } from './slot.ts';
export { itemIdOf } from './store.ts';
export { createWrites, type Writes } from './writes.ts';
export { ianaZone, utc, type Zone } from './zone.ts';
