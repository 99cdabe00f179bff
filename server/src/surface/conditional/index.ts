/** Conditional requests and parts of contents (RFC 9110, 13 and 14), for every surface that serves contents. */
export { readRange } from './byte-range.ts';
export { anyOf, conditionOf, etagsOf } from './condition.ts';
