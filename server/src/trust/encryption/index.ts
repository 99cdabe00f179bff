/** The door to encryption as a whole: what is sealed where, and how the keys of it change. */
export { type GenerationDestruction, openGenerationCertificate } from './certificate.ts';
export {
  createEncryption,
  type Encryption,
  type EncryptionOptions,
  type EncryptionStatus,
  type InstallationEncryption,
} from './encryption.ts';
export type { Pace } from './reseal-job.ts';
export type { ResealedPiece, ResealPiece, ResealPlace, ResealTarget } from './reseal-target.ts';
export type { KeptCertificate } from './store.ts';
