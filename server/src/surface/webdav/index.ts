/** The vault over WebDAV: for file managers, sync programs and Obsidian. */
export type { WebdavDeps } from './call.ts';
export { basePath } from './name.ts';
export { refusalResponse } from './refusal.ts';
export { createWebdav, permissionFor, type Webdav, type WebdavRequest } from './webdav.ts';
