import { interfaceVersion as ours } from '@factotum/connector-sdk';
import { feedConnector } from './connections.ts';

/** What a package of connectors exports, for the setting FACTOTUM_CONNECTORS. Its feeds are those of the process that loads it. */
export const interfaceVersion = ours;
const made = feedConnector();
export const connectors = [made.connector];
export const { feed } = made;

/** The setting that loads it. */
export const withFeeds = { FACTOTUM_CONNECTORS: import.meta.filename };
