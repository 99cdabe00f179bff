import type { ParseArgsOptionDescriptor } from 'node:util';
import type { Config, Json } from '#kernel';
import type { AloneParts, CommandBackend } from './backend.ts';

/** One command: what it is called with, what it does, and how its answer looks to programs and to people. */
export interface Command {
  /** One or two words, `tenant create`. */
  readonly name: string;
  /** What follows the name: operands in capitals, options as typed. */
  readonly usage: string;
  readonly about: string;
  /** Names of the operands, in order. Those in brackets may be left out. */
  readonly operands?: readonly string[];
  readonly options?: Readonly<Record<string, ParseArgsOptionDescriptor>>;
  readonly run: (context: CommandContext) => Promise<Answer>;
}

export interface Answer {
  /** What `--json` prints. */
  readonly json: Json;
  /** What people read instead. */
  readonly text: string;
  /** Left out when all is well. */
  readonly exit?: ExitCode;
}

/** The thing was done; it failed, or what was examined does not hold; it was asked for wrongly, or the configuration is at fault. */
export type ExitCode = 0 | 1 | 2;

/** What a command has to work with. */
export interface CommandContext {
  readonly given: Given;
  readonly deps: CommandDeps;
  /** Opened at the first call, closed when the command ends. */
  readonly backend: () => Promise<CommandBackend>;
  /** The id or name of `--tenant`; without it the only tenant there is. @throws UsageError when there are several. */
  readonly tenant: () => Promise<string>;
  /** A line for people, on stderr. */
  readonly say: (text: string) => void;
}

/** The words after the command's name, by their names. */
export interface Given {
  readonly operand: (name: string) => string;
  readonly text: (option: string) => string | undefined;
  readonly texts: (option: string) => readonly string[];
  readonly flag: (option: string) => boolean;
}

/** What main hands in. */
export interface CommandDeps {
  /** Reads the configuration, with the data folder that `--data` names. @throws ConfigFaults. */
  readonly configure: (given: { dataFolder?: string | undefined }) => Config;
  /** Wires everything without starting a role, with the embedded database if there is no other. */
  readonly openAlone: (config: Config, say: (text: string) => void) => Promise<AloneParts>;
  /** Roles, logins and migrations; the embedded database is started for it if there is no other. Says each migration it applies. */
  readonly prepareDatabase: (config: Config, say: (text: string) => void) => Promise<PreparedDatabase>;
  /** The folder of the key files. */
  readonly keyFolder: (config: Config) => string;
  /** Writes an archive as a plain folder; needs no server. @throws FactotumError `archive.invalid`, `archive.conflict`. */
  readonly openArchive: (
    file: string,
    folder: string,
    passphrase: string,
  ) => Promise<{ readonly tenantId: string; readonly kind: string; readonly madeAt: string; readonly files: number }>;
  /** Makes an installation anew from a backup; needs no server. @throws FactotumError `backup.*`, `storage.*`. */
  readonly restore: (config: Config, ask: RestoreAsk, say: (text: string) => void) => Promise<RestoredInstallation>;
  /** Puts keys back where they are missing. @throws FactotumError `backup.*`, `storage.*`, `server.busy`. */
  readonly restoreKeys: (config: Config, ask: KeyRestoreAsk, say: (text: string) => void) => Promise<RestoredKeys>;
  /** The environment, for the doctor, which looks for what should not be in it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly terminal: Terminal;
}

export interface KeyRestoreAsk {
  readonly recoveryText: string;
  /** The newest when nothing is said. */
  readonly keysId?: string | undefined;
  /** Where the keys were backed up to, if not where the settings say. */
  readonly keysFrom?: string | undefined;
}

export interface RestoreAsk extends KeyRestoreAsk {
  /** Or `latest`. */
  readonly id: string;
  readonly from?: string | undefined;
  /** The owner's login of an empty database; one of its own in the data folder when nothing is said. */
  readonly databaseUrl?: string | undefined;
}

/** What was restored. `faults`: what does not hold of it; `erased`: tenants that were erased since the backup was made. */
export interface RestoredInstallation {
  readonly ok: boolean;
  readonly id: string;
  readonly madeAt: string;
  readonly keysId: string;
  readonly rows: number;
  readonly objects: number;
  readonly tenants: number;
  readonly erased: readonly string[];
  readonly faults: readonly string[];
}

export interface RestoredKeys {
  readonly id: string;
  /** Names of the files that were missing. */
  readonly files: readonly string[];
  /** Rows of tenants' keys that were missing. */
  readonly tenantKeys: number;
}

export interface PreparedDatabase {
  /** The four logins for processes that never see the owner, by the names of the settings. */
  readonly roleUrls: Readonly<Record<string, string>>;
  readonly passwordsFile: string;
}

export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly input: () => Promise<Uint8Array>;
  /** Asks a person for something that nobody may see, without showing it; undefined when no person sits there. */
  readonly askHidden?: ((question: string) => Promise<string>) | undefined;
}

/** The command was not used as it is meant; exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
