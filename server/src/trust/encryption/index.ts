/** The door to encryption as a whole: what is sealed where, and how the keys of it change. */
export { type CataloguedColumn, catalogue, type SealedPlace, sealedPlaces } from './catalogue.ts';
