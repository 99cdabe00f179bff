/** The door to calendars outside: the connector, and the tools that hold, find, make, move, call off and answer. */
export { caldavConnector } from './caldav.ts';
export { calendarTools } from './tools.ts';
