export { createDropFolder, type DropFolder, type DropFolderOptions } from './drop-folder.ts';
export { createFolderConnector, type FolderConnectorDeps } from './folder-connector.ts';
