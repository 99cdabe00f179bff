import { destination, type Logger, pino, stdSerializers } from 'pino';
import { redactJson } from '#kernel/redact';

export type { Logger };

/**
 * The process's log: JSON lines on stderr, so that stdout stays free for what a person or a script asked for.
 *
 * Errors are reduced to name, message, code and stack: libraries hang prompts, rows and headers onto their errors,
 * and a logger that serialises those would undo the sealing. Each line passes by the redactor when it is whole, so that no field,
 * message, stack or cause goes past it.
 *
 * @param options.to - where lines go instead, for tests
 */
export function createLogger(options: { level: string; role?: string; to?: { write(line: string): unknown } }): Logger {
  const to = options.to ?? destination({ dest: 2, sync: false, minLength: 0 });
  return pino(
    {
      level: options.level,
      base: options.role === undefined ? {} : { role: options.role },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: bareError, error: bareError },
    },
    { write: (line: string) => void to.write(redactJson(line)) },
  );
}

function bareError(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: String(error) };
  const { type, message, stack } = stdSerializers.err(error);
  return {
    type,
    message,
    stack,
    ...('code' in error ? { code: error.code } : {}),
    ...(error.cause === undefined ? {} : { cause: bareError(error.cause) }),
  };
}
