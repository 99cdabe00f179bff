import type { Id } from '#kernel';
import type { Permission } from '../permissions.ts';

/** See 0031_vault_devices.sql for what each column means. */
interface DeviceTables {
  deviceToken: {
    id: Id<'deviceToken'>;
    tenantId: Id<'tenant'>;
    userId: Id<'user'>;
    name: string;
    start: string;
    tokenHash: string;
    permissions: Permission[];
    method: string;
    secondFactor: string | null;
    createdAt: Date;
    expiresAt: Date | null;
    lastUsedAt: Date | null;
  };
}

declare module '../store.ts' {
  interface AuthTables extends DeviceTables {}
}
