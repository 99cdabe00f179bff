import type { Id } from '#kernel';

/** The tables of `0009_people.sql`, and better-auth's for passwords. */
export interface PeopleTables {
  /** `password` is a PHC string where `providerId` is `credential`. */
  account: {
    id: string;
    accountId: string;
    providerId: string;
    userId: Id<'user'>;
    password: string | null;
    createdAt: Date;
    updatedAt: Date;
  };
  twoFactor: { userId: Id<'user'>; secret: string; verified: boolean; lastStep: string; createdAt: Date };
  recoveryCode: { userId: Id<'user'>; hash: string };
  passkey: {
    id: Id<'passkey'>;
    userId: Id<'user'>;
    name: string;
    credentialID: string;
    publicKey: string;
    counter: string;
    transports: string[];
    backedUp: boolean;
    createdAt: Date;
    lastUsedAt: Date | null;
  };
  signInFailure: { key: string; count: number; blockedUntil: Date; lastAt: Date };
}
