export { calendarTools } from './tools.ts';
