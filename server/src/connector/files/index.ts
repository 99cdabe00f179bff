export { createDropFolder, type DropFolder, type DropFolderOptions } from './drop-folder.ts';
