/** The door to writing playbooks: what is wrong with one, what it would have done, how often each is used. */
export { checkPlaybook, type LineFault } from './check.ts';
export { draftPlaybook } from './draft.ts';
export { listPlaybooks } from './list.ts';
export { createPreviews, type Previews } from './preview.ts';
