export { canonicalJson, type Json, type JsonObject, jsonObjectSchema, jsonSchema } from './canonical-json.ts';
export { type Clock, systemClock } from './clock.ts';
export {
  type BackupConfig,
  type ClientAddressHeader,
  type Config,
  ConfigFaults,
  configTable,
  type KeysConfig,
  type MailConfig,
  type ModelConfig,
  type RateClass,
  type RegistrationConfig,
  type Role,
  type RoleUrls,
  readConfig,
  type SecretsConfig,
  type SettingReference,
  secretSettings,
  type ValueOrFile,
  type VaultLoginConfig,
} from './config.ts';
export { type ErrorCode, errorCatalogue, FactotumError, isFactotumError } from './errors.ts';
export { folderFault } from './folder-fault.ts';
export { type Id, type IdKind, idSchema, isId, newId } from './ids.ts';
export { parseJson } from './json-text.ts';
export { createLogger, type Logger } from './log.ts';
