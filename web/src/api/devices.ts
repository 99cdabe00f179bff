/** A token by which a device reaches the vault in a person's name. */
export interface Device {
  id: string;
  name: string;
  /** The first characters of the token. */
  start: string;
  permissions: string[];
  createdAt: string;
  expiresAt: string | null;
  lastUsedAt: string | null;
}

/** The token is answered this once. */
export interface DeviceMade {
  id: string;
  token: string;
}

export const devicePermissions = ['vault:read', 'vault:write', 'approval:decide'] as const;
