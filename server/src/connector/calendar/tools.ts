import type { Tool } from '#flow/tool';
import { cancelTool, moveTool } from './change.ts';
import { createTool, inviteTool } from './create.ts';
import { findSlotTool } from './find-slot.ts';
import { holdTool } from './hold.ts';
import type { CalendarDeps } from './parts.ts';
import { respondTool } from './respond.ts';

/** The tools of calendars. Without an account times are held as files in the vault, and the others say what is missing. */
export const calendarTools = (deps: CalendarDeps): Tool[] => [
  holdTool(deps),
  findSlotTool(deps),
  createTool(deps),
  inviteTool(deps),
  moveTool(deps),
  cancelTool(deps),
  respondTool(deps),
];
