import { z } from 'zod';
import { clientAddressHeaders, hostAndPort, items, network, rate, type Setting, text, url, whole } from './form.ts';

/** How others reach the process, and it them: addresses, TLS, edges, bounds. */
export const networkSettings = {
  FACTOTUM_PORT: {
    schema: whole(0, 65_535),
    fallback: '4310',
    unit: 'port',
    about: 'Where the dashboard and the API listen. 0 takes a free port.',
  },
  FACTOTUM_HOST: {
    schema: text,
    fallback: '127.0.0.1',
    unit: 'address',
    about: 'The address to listen on. Loopback by default: put TLS in front before opening it.',
  },
  FACTOTUM_PUBLIC_URL: {
    schema: url(['http:', 'https:']).optional(),
    fallback: '',
    unit: 'URL',
    about: 'The address people use, when it differs from host and port. Decides accepted origins and secure cookies.',
  },
  FACTOTUM_TRUSTED_PROXIES: {
    schema: items.pipe(z.array(network)).optional(),
    fallback: '',
    unit: 'networks',
    about:
      'Reverse proxies in front, in CIDR notation: from these alone X-Forwarded-For is believed, for address lists and limits. Empty: from nobody.',
  },
  FACTOTUM_CLIENT_ADDRESS_HEADER: {
    schema: z.enum(clientAddressHeaders),
    fallback: 'x-forwarded-for',
    unit: 'name',
    about: 'Where trusted proxies say who the client is: x-forwarded-for, or cf-connecting-ip or x-real-ip, which hold one address.',
  },
  FACTOTUM_TLS_CERT: {
    schema: text.optional(),
    fallback: '',
    unit: 'file',
    about:
      'Certificate chain in PEM, to serve HTTPS without anything in front. Needs FACTOTUM_TLS_KEY; a changed file is taken over without a restart.',
  },
  FACTOTUM_TLS_KEY: {
    schema: text.optional(),
    fallback: '',
    unit: 'file',
    about: 'Private key in PEM that belongs to the certificate. Nobody but its owner and its group may read the file.',
  },
  FACTOTUM_EDGE_CA: {
    schema: text.optional(),
    fallback: '',
    unit: 'file',
    about:
      'Certificate authority in PEM: only requests over connections that show a client certificate of it are served. Needs FACTOTUM_TLS_CERT.',
  },
  FACTOTUM_EDGE_SECRET_FILE: {
    schema: text.optional(),
    fallback: '',
    unit: 'file',
    about:
      'Secrets, one a line: only requests are served whose header x-factotum-edge is one of them. A changed file is taken over without a restart.',
  },
  FACTOTUM_CONNECTIONS: {
    schema: whole(64, 1_000_000),
    fallback: '10000',
    unit: 'connections',
    about:
      'Open at once in one process, each about 20 KB. Above it the one that has been idle longest is closed. Not above the limit of open files.',
  },
  FACTOTUM_CONNECTIONS_PER_ADDRESS: {
    schema: whole(1, 1_000_000),
    fallback: '256',
    unit: 'connections',
    about: 'Open at once from one network address. Loopback and trusted proxies are exempt: behind them it bounds WebSockets alone.',
  },
  FACTOTUM_RATE_LIMITS: {
    schema: items.pipe(z.array(rate)).optional(),
    fallback: '',
    unit: 'requests a minute',
    about: 'Limits of one network address by class of route, where they differ from docs/rate-limits.md: sign-in=120,read=60000.',
  },
  FACTOTUM_TOOLS_LISTEN: {
    schema: z
      .string()
      .regex(/^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, 'must be host:port')
      .transform(hostAndPort)
      .optional(),
    fallback: '',
    unit: 'host:port',
    about:
      'Where a process with the role tools serves them to workers elsewhere, by mutual TLS (docs/mtls.md). Empty: tools run in the process of the worker.',
  },
  FACTOTUM_TOOLS_URL: {
    schema: url(['https:']).optional(),
    fallback: '',
    unit: 'URL',
    about: 'Where a worker finds the process that serves tools. Empty: tools run in the process of the worker.',
  },
  FACTOTUM_TOOLS_CERT: {
    schema: text.optional(),
    fallback: '',
    unit: 'file',
    about:
      'Certificate chain in PEM, for one end of the connection between workers and tools. With FACTOTUM_TOOLS_KEY and FACTOTUM_TOOLS_CA; changed files are taken over. Empty: the internal CA issues them.',
  },
  FACTOTUM_TOOLS_KEY: { schema: text.optional(), fallback: '', unit: 'file', about: 'Private key of FACTOTUM_TOOLS_CERT in PEM.' },
  FACTOTUM_TOOLS_CA: {
    schema: text.optional(),
    fallback: '',
    unit: 'file',
    about: 'Certificate authorities in PEM that the other end of that connection must come from.',
  },
  FACTOTUM_TOOLS_CLIENTS: {
    schema: items.pipe(z.array(text)).optional(),
    fallback: '',
    unit: 'names',
    about:
      "Names (URI or DNS), one of which a worker's certificate must carry, where certificates come from files. Needed with FACTOTUM_TOOLS_LISTEN then.",
  },
  FACTOTUM_TOOL_PROGRAMS: {
    schema: z.string(),
    fallback: '{}',
    unit: 'JSON',
    about:
      'MCP servers that are installed here and that tenants may run, by id, as JSON or as the path of a file with it (docs/connectors/mcp.md). Each runs in a process of its own for each tenant.',
  },
  FACTOTUM_METRICS_TOKEN: {
    schema: z.string().min(16, 'must have at least 16 characters').optional(),
    fallback: '',
    unit: 'secret',
    about: 'Lets a scraper that is not on loopback read /metrics.',
  },
} as const satisfies Record<string, Setting>;
