/** The door to calendars outside: the connector, and the tools that hold, find, make, move, call off and answer. */
export { caldavConnector } from './caldav.ts';
export { createRelease } from './hold.ts';
export type { CalendarDeps, InvitationPost } from './parts.ts';
export { calendarTools } from './tools.ts';
