import { z } from 'zod';
import { items, kekAddress, type Setting, secretPlace, text, url, whole } from './form.ts';

/** What guards what is kept: key providers, secrets, storage, backups. */
export const protectionSettings = {
  FACTOTUM_STORAGE: {
    schema: text.optional(),
    fallback: '',
    unit: 'address',
    about:
      'Where large objects lie, sealed: a folder, or s3://bucket/prefix with ?endpoint=, region=, path-style=. All processes need the same one. Empty: blobs in FACTOTUM_DATA.',
  },
  FACTOTUM_BACKUP_TO: {
    schema: text.optional(),
    fallback: '',
    unit: 'address',
    about: 'Where backups go: a folder, or s3://bucket/prefix. Not inside the data folder. Empty: no backups.',
  },
  FACTOTUM_BACKUP_EVERY_HOURS: {
    schema: whole(0, 744),
    fallback: '24',
    unit: 'hours',
    about: 'How often a backup is made by itself, once there is a place for it and `factotum backup setup` has been run. 0: never.',
  },
  FACTOTUM_BACKUP_KEEP_DAYS: {
    schema: whole(1, 3_650),
    fallback: '30',
    unit: 'days',
    about: 'How long a backup is kept. The newest is always kept.',
  },
  FACTOTUM_KEY_BACKUP_TO: {
    schema: text.optional(),
    fallback: '',
    unit: 'address',
    about:
      'Where the keys are backed up to, apart from the data: another place than FACTOTUM_BACKUP_TO. Empty: keys are not backed up, and without them a backup opens nothing.',
  },
  FACTOTUM_KEY_BACKUP_KEEP_DAYS: {
    schema: whole(1, 3_650),
    fallback: '30',
    unit: 'days',
    about: 'How long a backup of the keys is kept: for so long an erased tenant could still be brought back.',
  },
  FACTOTUM_SECRET_FOLDERS: {
    schema: items.pipe(z.array(z.string().regex(/^\/[^\0]+$/, 'must be absolute paths, several with commas'))),
    fallback: '/run/secrets,/run/credentials,/var/run/secrets',
    unit: 'folders',
    about:
      'Where mounted secrets are read from (secret://file/...): nothing outside these folders is. systemd, Docker and Kubernetes mount here.',
  },
  FACTOTUM_SECRET_STORES: {
    schema: items.pipe(z.array(secretPlace)).optional(),
    fallback: '',
    unit: 'list',
    about:
      "Where tenants may refer to secrets besides their own, like vault/kv/tenants/{tenant}/. The tenant's id stands where {tenant} does. Empty: nowhere.",
  },
  FACTOTUM_VAULT_URL: {
    schema: url(['https:', 'http:']).optional(),
    fallback: '',
    unit: 'URL',
    about: 'HashiCorp Vault or OpenBao that secret://vault/... refers to, like https://vault.example:8200.',
  },
  FACTOTUM_VAULT_NAMESPACE: { schema: text.optional(), fallback: '', unit: 'name', about: 'The namespace there, where it has some.' },
  FACTOTUM_VAULT_TOKEN: {
    schema: text.optional(),
    fallback: '',
    unit: 'secret',
    about: 'A token to sign in to Vault with. Better is its file, or a way of signing in that makes tokens.',
  },
  FACTOTUM_VAULT_TOKEN_FILE: {
    schema: text.optional(),
    fallback: '',
    unit: 'file',
    about: 'The file with that token, read again at each sign-in: what Vault Agent writes.',
  },
  FACTOTUM_VAULT_ROLE_ID: { schema: text.optional(), fallback: '', unit: 'id', about: 'The role id of AppRole, to sign in to Vault with.' },
  FACTOTUM_VAULT_SECRET_ID: {
    schema: text.optional(),
    fallback: '',
    unit: 'secret',
    about: 'The secret id of that role. Better is its file.',
  },
  FACTOTUM_VAULT_SECRET_ID_FILE: {
    schema: text.optional(),
    fallback: '',
    unit: 'file',
    about: 'The file with that secret id, read again at each sign-in.',
  },
  FACTOTUM_VAULT_KUBERNETES_ROLE: {
    schema: text.optional(),
    fallback: '',
    unit: 'name',
    about: "The role that Vault gives to our pod, by the service account's token that Kubernetes mounts.",
  },
  FACTOTUM_KEK: {
    schema: kekAddress,
    fallback: 'local:',
    unit: 'address',
    about:
      "Who guards the tenants' keys, as docs/encryption/providers.md lists them: a file (local:), a passphrase, a key service, an HSM. Set it before there is data, or name the former one in FACTOTUM_KEK_PREVIOUS.",
  },
  FACTOTUM_KEK_PREVIOUS: {
    schema: items.pipe(z.array(kekAddress)).optional(),
    fallback: '',
    unit: 'list',
    about: 'Addresses that guarded keys before and still open them, until the command key rewrap has wrapped every key anew.',
  },
  FACTOTUM_KEK_PASSPHRASE: {
    schema: text.optional(),
    fallback: '',
    unit: 'secret',
    about: 'The passphrase of passphrase:, at least 12 characters. Better is its file.',
  },
  FACTOTUM_KEK_PASSPHRASE_FILE: { schema: text.optional(), fallback: '', unit: 'file', about: 'The file with that passphrase.' },
  FACTOTUM_KEK_ALLOW_HOSTS: {
    schema: items
      .pipe(z.array(z.string().regex(/^(\[[0-9a-f:]+\]|[a-z0-9.-]+):\d{1,5}$/, 'must be host:port, several with commas')))
      .optional(),
    fallback: '',
    unit: 'list',
    about:
      'Key services, as host:port, that tenants may guard their keys with although they are in a private network. Empty: public ones alone.',
  },
  FACTOTUM_KEY_CACHE_SECONDS: {
    schema: whole(1, 86_400),
    fallback: '300',
    unit: 'seconds',
    about:
      "How long a tenant's keys stay in memory. So long a key service may be away without anybody noticing, and so long a key that was taken away there still counts.",
  },
} as const satisfies Record<string, Setting>;
