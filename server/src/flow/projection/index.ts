export { generatedFolders, isGeneratedPath } from './place.ts';
export { type GeneratedNote, listGenerated, type MovedNote, moveGenerated, type ProjectionContext, readGenerated } from './projection.ts';
