import { z } from 'zod';
import { connectorPackages, flag, hosts, postgresUrl, roleNames, type Setting, tenantFolders, text, url, whole } from './form.ts';

/** What the process does and where its work lies: folders, database, roles, people, models. */
export const workSettings = {
  FACTOTUM_DATA: {
    schema: text,
    fallback: './data',
    unit: 'folder',
    about: 'Database, keys and run files. Everything in it but the keys is sealed.',
  },
  FACTOTUM_DROP: {
    schema: text,
    fallback: './drop',
    unit: 'folder',
    about: 'Watched folder, one sub-folder a tenant. A dropped file is deleted once its event is committed.',
  },
  FACTOTUM_OUTBOX: {
    schema: text,
    fallback: './outbox',
    unit: 'folder',
    about: 'Where mail and payment files are written for tenants that ask for files.',
  },
  FACTOTUM_DATABASE_URL: {
    schema: postgresUrl.optional(),
    fallback: '',
    unit: 'URL',
    about: "The owner's login of an outside PostgreSQL (15 or later), used only to prepare it. Empty: the embedded one.",
  },
  FACTOTUM_DATABASE_APP_URL: {
    schema: postgresUrl.optional(),
    fallback: '',
    unit: 'URL',
    about: 'Login of the role factotum_app, for processes that never see the owner.',
  },
  FACTOTUM_DATABASE_ENGINE_URL: { schema: postgresUrl.optional(), fallback: '', unit: 'URL', about: 'Login of the role factotum_engine.' },
  FACTOTUM_DATABASE_SEQUENCER_URL: {
    schema: postgresUrl.optional(),
    fallback: '',
    unit: 'URL',
    about: 'Login of the role factotum_sequencer.',
  },
  FACTOTUM_DATABASE_AUTH_URL: { schema: postgresUrl.optional(), fallback: '', unit: 'URL', about: 'Login of the role factotum_auth.' },
  FACTOTUM_ROLES: {
    schema: z
      .string()
      .transform((value) => value.split(',').map((role) => role.trim()))
      .pipe(z.array(z.enum(roleNames)).min(1)),
    fallback: 'api,worker,watcher,tools',
    unit: 'list',
    about: 'What this process does. One process can do everything; in a cluster each does one thing.',
  },
  FACTOTUM_DEMO: {
    schema: flag.optional(),
    fallback: '',
    unit: '0 or 1',
    about: 'Whether a new data folder gets the demo tenant. Empty: yes with the embedded database, else no.',
  },
  FACTOTUM_MAIL_URL: {
    schema: url(['smtp:', 'smtps:']).optional(),
    fallback: '',
    unit: 'URL',
    about:
      'The server that sends invitations and sign-in links, like smtps://user:password@mail.example. Empty: links are shown to whoever makes them.',
  },
  FACTOTUM_MAIL_FROM: {
    schema: z.email().optional(),
    fallback: '',
    unit: 'address',
    about: 'The sender of what the installation itself mails. Needed with FACTOTUM_MAIL_URL.',
  },
  FACTOTUM_SSO_ALLOW_HOSTS: {
    schema: hosts.optional(),
    fallback: '',
    unit: 'list',
    about:
      'Identity providers, as host:port, that tenants may use although they are in a private network, and without TLS. Empty: public ones alone.',
  },
  FACTOTUM_REGISTRATION: {
    schema: z
      .string()
      .transform((value) => value.split(',').map((item) => item.trim().toLowerCase()))
      .pipe(
        z.array(
          z.string().regex(/^(?:off|approval|(?:[a-z0-9-]+\.)+[a-z0-9-]{2,})$/, 'must be off, approval, or domains like example.com'),
        ),
      ),
    fallback: 'off',
    unit: 'list',
    about:
      'Who may make a tenant for themselves, from an address that they prove to be theirs. off: nobody. approval: everybody, once an operator approves. Domains, like example.com: addresses there, at once. Both can be combined with a comma. Needs FACTOTUM_MAIL_URL.',
  },
  FACTOTUM_NOTE_VERSIONS: {
    schema: whole(1, 10_000),
    fallback: '100',
    unit: 'versions',
    about: 'Versions of each note that are kept, the newest. What is beyond is forgotten within hours.',
  },
  FACTOTUM_NOTE_HISTORY_DAYS: {
    schema: whole(1, 3_650),
    fallback: '365',
    unit: 'days',
    about: 'For how long notes that were replaced or deleted can be had back.',
  },
  FACTOTUM_WORKER_SLOTS: {
    schema: whole(1, 1_000),
    fallback: '64',
    unit: 'tasks',
    about: 'Tasks one process works on at once. Waiting tasks take none.',
  },
  FACTOTUM_DOCUMENT_READERS: {
    schema: whole(2, 64),
    fallback: '3',
    unit: 'documents',
    about:
      'Documents one process reads at once, each up to 512 MB of memory and a core. One tenant has all but one of these places. More than there are cores, and each takes longer.',
  },
  FACTOTUM_FOLDERS: {
    schema: tenantFolders.optional(),
    fallback: '',
    unit: 'list',
    about:
      'Folders of this machine that tenants may watch, like `acme=/srv/scans`, several with commas. Everything below one of them may be read by that tenant.',
  },
  FACTOTUM_CONNECTORS: {
    schema: connectorPackages.optional(),
    fallback: '',
    unit: 'list',
    about:
      'Packages, or absolute paths of modules, that bring connectors beside our own. They run in our processes: install what you trust.',
  },
  FACTOTUM_CONNECTION_ALLOW_HOSTS: {
    schema: hosts.optional(),
    fallback: '',
    unit: 'list',
    about:
      'Servers, as host:port, that connections of tenants may lead to although they are in a private network, and without TLS. Empty: public ones alone.',
  },
  FACTOTUM_CONNECTION_POLLS: {
    schema: whole(1, 1_000),
    fallback: '20',
    unit: 'polls',
    about: 'Connections that one watcher polls at once. Those that wait for news take none.',
  },
  FACTOTUM_LOG_LEVEL: {
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']),
    fallback: 'warn',
    unit: 'level',
    about: 'How much is logged to standard error, as JSON lines.',
  },
  FACTOTUM_MODEL_PROVIDER: {
    schema: z.enum(['anthropic', 'openai-compatible', 'none']).optional(),
    fallback: '',
    unit: 'name',
    about: 'Who plans what no playbook knows. Empty: anthropic when its key is set, else none.',
  },
  FACTOTUM_MODEL_URL: {
    schema: url(['http:', 'https:']).optional(),
    fallback: '',
    unit: 'URL',
    about: 'Base address of the model endpoint. Needed for openai-compatible.',
  },
  FACTOTUM_MODEL_NAME: { schema: text.optional(), fallback: '', unit: 'name', about: 'The model to ask. Needed for openai-compatible.' },
  FACTOTUM_MODEL_KEY: { schema: text.optional(), fallback: '', unit: 'secret', about: 'Key of the model endpoint.' },
  FACTOTUM_MODEL_TIMEOUT_SECONDS: {
    schema: whole(1, 3_600),
    fallback: '60',
    unit: 'seconds',
    about: 'How long one answer of the model may take. Models on a machine without a graphics card need minutes.',
  },
  FACTOTUM_MODEL_ALLOW_HOSTS: {
    schema: hosts.optional(),
    fallback: '',
    unit: 'list',
    about: 'Models, as host:port, that tenants may use as their own although they are in a private network. Empty: public ones alone.',
  },
  ANTHROPIC_API_KEY: {
    schema: text.optional(),
    fallback: '',
    unit: 'secret',
    about: 'Key for Anthropic, if FACTOTUM_MODEL_KEY is not set.',
  },
} as const satisfies Record<string, Setting>;
