export { isGeneratedPath } from './place.ts';
export { type GeneratedNote, listGenerated, moveGenerated, type ProjectionContext, readGenerated } from './projection.ts';
