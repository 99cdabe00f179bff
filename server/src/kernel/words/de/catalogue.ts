export { alarms } from './alarms.ts';
export { briefing } from './briefing.ts';
export { letters } from './letters.ts';
export { notices } from './notices.ts';
export { quotas } from './quotas.ts';
