/**
 * The door to what keeps secrets out of logs, errors, prompts and traces. It stands before the rest of the kernel: the logger and every
 * named failure pass through it.
 */
export { placeholder, redact, redactJson, registerSecret } from './redactor.ts';
