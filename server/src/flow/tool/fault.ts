import type { z } from 'zod';

/** What is wrong with the arguments or the answer of a call, one sentence a fault, each beginning with the place. */
export const callFaults = (error: z.ZodError): string[] =>
  error.issues.map((issue) => `${issue.path.join('.') || 'arguments'}: ${issue.message}`);
