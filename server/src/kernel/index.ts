export { canonicalJson, type Json, type JsonObject, jsonObjectSchema, jsonSchema } from './canonical-json.ts';
export { type Clock, systemClock } from './clock.ts';
export type {
  BackupConfig,
  Config,
  KeysConfig,
  MailConfig,
  ModelConfig,
  RegistrationConfig,
  RoleUrls,
  SecretsConfig,
  SettingReference,
  ValueOrFile,
  VaultLoginConfig,
} from './config/config-type.ts';
export type { ClientAddressHeader, RateClass, Role } from './config/form.ts';
export { configTable, secretSettings } from './config/settings.ts';
export { ConfigFaults, readConfig } from './config.ts';
export { type ErrorCode, errorCatalogue, FactotumError, isFactotumError } from './errors.ts';
export { folderFault } from './folder-fault.ts';
export { type Id, type IdKind, idSchema, isId, newId } from './ids.ts';
export { parseJson } from './json-text.ts';
export { createLimit } from './limit.ts';
export { createLogger, type Logger } from './log.ts';
export { createPoller, type Poller } from './poller.ts';
export { createTurns } from './turns.ts';
export { instantOf, isDay, isoDate, localDate, type WallTime, wallTimeOf } from './zone.ts';
