/** The door to schedules: events that come at set times. */
export { nextOccurrences } from './cron.ts';
export { createScheduleKeeper } from './keeper.ts';
export { occurrenceEvent } from './occurrence.ts';
export {
  changeSchedule,
  createSchedule,
  deleteSchedule,
  followTimeZone,
  listSchedules,
  payloadSchema,
  readSchedule,
  type Schedule,
  type ScheduleInput,
  scheduleInputSchema,
  zoneOf,
  zoneSchema,
} from './schedule.ts';
