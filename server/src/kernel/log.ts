import { destination, type Logger, pino, stdSerializers } from 'pino';

export type { Logger };

/**
 * The process's log: JSON lines on stderr, so that stdout stays free for what a person or a script asked for.
 *
 * Errors are reduced to name, message, code and stack: libraries hang prompts, rows and headers onto their errors,
 * and a logger that serialises those would undo the sealing.
 */
export function createLogger(options: { level: string; role?: string }): Logger {
  return pino(
    {
      level: options.level,
      base: options.role === undefined ? {} : { role: options.role },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: bareError, error: bareError },
    },
    destination({ dest: 2, sync: false, minLength: 0 }),
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
