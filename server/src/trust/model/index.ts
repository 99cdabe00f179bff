/** The door to the model that a tenant has of its own. */
export { chooseModel, type OwnModel, ownModelSchema, readOwnModel, type SavedModel } from './own-model.ts';
