import { isIP } from 'node:net';
import { ConnectorFault, type Network } from '@factotum/connector-sdk';
import { mayDial } from '#kernel/outbound';
import type { MailSettings } from './settings.ts';

/** What is dialled: an address that was checked, and the name that its certificate has to carry. */
export interface Target {
  readonly address: string;
  readonly port: number;
  readonly security: MailSettings['imapSecurity'];
  readonly tls: { readonly servername?: string; readonly ca?: string; readonly minVersion: 'TLSv1.2'; readonly rejectUnauthorized: true };
}

interface Server {
  readonly host: string;
  readonly port: number;
  readonly security: MailSettings['imapSecurity'];
  readonly trustedCertificate?: string | undefined;
}

/**
 * The address of a mail server that may be dialled.
 * @throws ConnectorFault `permanent` for one that may not, also one on the public internet without TLS: only what the operator has opened
 * resolves to a private address, and only there can a line be left unprotected.
 */
export async function targetOf(network: Pick<Network, 'resolve'>, { host, port, security, trustedCertificate }: Server): Promise<Target> {
  const address = await network.resolve(host, port);
  if (security === 'none' && mayDial(address))
    throw new ConnectorFault('permanent', 'Without TLS anybody on the way reads the password. Choose tls or starttls for this server.');
  const tls = { minVersion: 'TLSv1.2', rejectUnauthorized: true } as const;
  return {
    address,
    port,
    security,
    tls: {
      ...tls,
      // A certificate for an address is compared with the address that is dialled, which is the one that was asked for.
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(trustedCertificate === undefined ? {} : { ca: trustedCertificate }),
    },
  };
}
