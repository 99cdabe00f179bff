import { jsonFeed } from './json-feed.ts';

/** What a package of connectors exports: the version of the interface that it was written for, and its connectors. */
export const interfaceVersion = 1;
export const connectors = [jsonFeed];
