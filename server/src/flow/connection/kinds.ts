import { z } from 'zod';
import { FactotumError, type JsonObject } from '#kernel';
import { isReference } from '#trust/secret';
import type { AnyConnector, KindInfo } from './port.ts';
import type { NewConnection } from './schema.ts';

/** The connectors of an installation by their kind. */
export interface Kinds {
  readonly all: readonly KindInfo[];
  find(kind: string): AnyConnector | undefined;
  /** @throws FactotumError `connection.invalid`. */
  get(kind: string): AnyConnector;
}

export function createKinds(connectors: readonly AnyConnector[]): Kinds {
  const byKind = new Map(connectors.map((connector) => [connector.kind, connector]));
  if (byKind.size < connectors.length) throw new RangeError('two connectors have the same kind');
  return {
    all: connectors.map(infoOf),
    find: (kind) => byKind.get(kind),
    get(kind) {
      const connector = byKind.get(kind);
      if (connector !== undefined) return connector;
      throw invalid(`This installation has no connector ${kind}. There are: ${[...byKind.keys()].join(', ') || 'none'}.`);
    },
  };
}

function infoOf(connector: AnyConnector): KindInfo {
  const { kind, title, description, everyMs } = connector;
  return {
    ...{ kind, title, description, everyMs },
    credentials: Object.fromEntries(Object.entries(connector.credentials).map(([name, { refusal: _, ...field }]) => [name, field])),
    // A JSON schema is JSON.
    settings: z.toJSONSchema(connector.settings, { io: 'input', unrepresentable: 'any' }) as JsonObject,
    can: {
      poll: connector.poll !== undefined,
      stream: connector.stream !== undefined,
      hook: connector.hook !== undefined,
      discover: connector.discover !== undefined,
    },
  };
}

/**
 * The settings as the connector takes them.
 *
 * @throws FactotumError `connection.invalid`, which names the fields and never repeats what was in them.
 */
export function readSettings<Settings extends z.ZodObject>(settings: Settings, given: JsonObject): z.infer<Settings> {
  const parsed = settings.safeParse(given);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map(({ path, message }) => ({ path: ['settings', ...path.map(String)].join('.'), message }));
  throw invalid(`The settings are not right: ${fields.map(({ path, message }) => `${path} ${message}`).join('; ')}.`, { fields });
}

/** @throws FactotumError `connection.invalid` for fields that the connector does not know or refuses, and where a required one is missing. */
export function checkCredentials({ title, credentials }: AnyConnector, given: NewConnection['credentials']): void {
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(credentials, name));
  if (unknown.length > 0)
    throw invalid(`${title} has no credential ${unknown.join(', ')}. It has: ${Object.keys(credentials).join(', ') || 'none'}.`);
  const missing = Object.entries(credentials).filter(([name, field]) => field.required && given[name] === undefined);
  if (missing.length > 0) throw invalid(`${title} needs ${missing.map(([, field]) => field.title).join(', ')}.`);
  const refusals = Object.entries(given).flatMap(([name, value]) =>
    isReference(value) ? [] : (credentials[name]?.refusal?.(value) ?? []),
  );
  if (refusals.length > 0) throw invalid(refusals.join(' '));
}

export const invalid = (message: string, details?: Readonly<Record<string, unknown>>) =>
  new FactotumError('connection.invalid', message, details === undefined ? {} : { details });
