import { z } from 'zod';

/** One line of the doctor: what was looked at, how it is, and what to do when it is not well. */
export const findingSchema = z.object({
  check: z.string(),
  state: z.enum(['ok', 'warn', 'fail']),
  text: z.string(),
  fix: z.string().optional(),
});
export type Finding = z.infer<typeof findingSchema>;
