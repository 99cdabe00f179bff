import { resolve } from 'node:path';
import { type Config, FactotumError, folderFault } from '#kernel';

/** Where something listens, and the settings that say so. */
interface Place {
  readonly host: string;
  readonly port: number;
  readonly settings?: { readonly host: string; readonly port: string };
}

/** Listens, or says which setting keeps it from listening. @throws FactotumError `server.busy` (another program has the port), `config.invalid`. */
export async function listening<R>(at: Place, listen: Promise<R>): Promise<R> {
  return listen.catch((cause: unknown) => {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    const { host, port, settings = { host: 'FACTOTUM_HOST', port: '--port or FACTOTUM_PORT' } } = at;
    if (code === 'EADDRINUSE')
      throw new FactotumError(
        'server.busy',
        `Port ${port} of ${host} is taken by another program. Stop that, or choose another port with ${settings.port}; 0 takes a free one.`,
        { cause },
      );
    if (code === 'EACCES')
      throw new FactotumError('config.invalid', `This user may not listen on port ${port}. Choose one above 1023 with ${settings.port}.`, {
        cause,
      });
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN')
      throw new FactotumError('config.invalid', `${settings.host}: ${host} is no address of this machine.`, { cause });
    throw cause;
  });
}

/** Watches the drop folder, or says why that folder cannot be used. @throws FactotumError `config.invalid` */
export async function watching(config: Config, start: Promise<void>): Promise<void> {
  return start.catch((cause: unknown) => {
    const why = folderFault(cause);
    if (why === undefined) throw cause;
    throw new FactotumError('config.invalid', `FACTOTUM_DROP: the folder ${resolve(config.dropFolder)} cannot be used: ${why}.`, { cause });
  });
}
