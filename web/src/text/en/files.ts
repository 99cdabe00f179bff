/** The words of the vault's files. */
export const filesText = {
  title: 'Files',
  upload: 'Upload',
  uploadTitle: 'Store a file',
  file: 'File',
  fileHelp: 'Up to 2 GB. It is sealed before it is stored.',
  folder: 'Folder',
  uploaded: 'The file is stored',
  none: 'No files',
  noneText: 'Documents, pictures and archives lie here beside the notes.',
  download: 'Download',
  downloadLabel: (path: string) => `Download ${path}`,
  remove: 'Delete',
  removeLabel: (path: string) => `Delete ${path}`,
  removeTitle: (path: string) => `Delete "${path}"?`,
  removeText: 'It is gone for good within a day.',
  removed: 'The file is deleted',
} as const;
