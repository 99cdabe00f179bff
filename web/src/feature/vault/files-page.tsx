import { Download, File as FileIcon, Upload } from 'lucide-react';
import { useState } from 'react';
import { filesText } from '#text/files.ts';
import { text } from '#text/work.ts';
import { remove, store } from '../../api/client.ts';
import { listQuery } from '../../api/list.ts';
import type { FileItem } from '../../api/types.ts';
import { formatAmount } from '../../format.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { Crumb } from '../../ui/crumb.tsx';
import { Empty } from '../../ui/feedback.tsx';
import { TextField } from '../../ui/field.tsx';
import { ForeignLine } from '../../ui/foreign-text.tsx';
import { Confirm } from '../../ui/form/confirm.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { ListCard, Row } from '../../ui/form/list-card.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { Page } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';
import { useSignedIn } from '../session/session.ts';

const words = filesText;
const filesQuery = listQuery<FileItem>('vault-files', '/vault/files');
const pathOf = (path: string) => `/vault/files/${path.split('/').map(encodeURIComponent).join('/')}`;

/** What lies in the vault and is no note: of any size, sealed, given out as a download alone. */
export default function FilesPage() {
  const [open, setOpen] = useState<{ kind: 'upload' } | { kind: 'remove'; file: FileItem } | null>(null);
  const close = () => setOpen(null);
  const mayWrite = useSignedIn().permissions.includes('vault:write');
  const removal = useAct((file: FileItem) => remove(pathOf(file.path)), { refresh: ['vault-files'], said: words.removed });
  return (
    <Page
      title={words.title}
      heading={
        <div>
          <p className="mb-1">
            <Crumb to="/vault" label={text.vault.title} />
          </p>
          <h1 className="font-semibold text-title">{words.title}</h1>
        </div>
      }
      side={
        mayWrite && (
          <Button look="primary" onClick={() => setOpen({ kind: 'upload' })}>
            <Upload size={14} aria-hidden="true" />
            {words.upload}
          </Button>
        )
      }
    >
      <ListCard
        query={filesQuery}
        keyOf={(file) => file.path}
        empty={
          <Empty icon={<FileIcon size={18} aria-hidden="true" />} title={words.none}>
            {words.noneText}
          </Empty>
        }
      >
        {(file) => (
          <Row
            title={<ForeignLine value={file.path} />}
            note={
              <>
                {formatAmount(file.sizeBytes, 'bytes')} · <Time at={file.updatedAt} />
              </>
            }
            side={
              <>
                {mayWrite && (
                  <Button
                    look="quiet"
                    size="small"
                    aria-label={words.removeLabel(file.path)}
                    onClick={() => setOpen({ kind: 'remove', file })}
                  >
                    {words.remove}
                  </Button>
                )}
                <a
                  href={`/api/v1${pathOf(file.path)}`}
                  download
                  aria-label={words.downloadLabel(file.path)}
                  className={buttonClass('plain', 'small')}
                >
                  <Download size={13} aria-hidden="true" />
                  {words.download}
                </a>
              </>
            }
          />
        )}
      </ListCard>
      {open?.kind === 'upload' && <UploadDialog onClose={close} />}
      {open?.kind === 'remove' && (
        <Confirm
          title={words.removeTitle(open.file.path)}
          action={words.remove}
          onClose={close}
          onConfirm={() => removal.mutateAsync(open.file)}
        >
          {words.removeText}
        </Confirm>
      )}
    </Page>
  );
}

function UploadDialog({ onClose }: { onClose: () => void }) {
  const [file, setFile] = useState<File | null>(null);
  const [folder, setFolder] = useState('Attachments');
  const upload = useAct(
    async () => {
      if (file) await store(pathOf([folder.trim().replace(/^\/+|\/+$/g, ''), file.name].filter(Boolean).join('/')), file);
    },
    { refresh: ['vault-files'], said: words.uploaded, onDone: onClose },
  );
  return (
    <FormDialog title={words.uploadTitle} action={words.upload} onClose={onClose} onSubmit={() => upload.mutateAsync()}>
      <TextField
        label={words.file}
        help={words.fileHelp}
        type="file"
        required
        className="py-1 touch:py-2"
        onChange={(event) => setFile(event.target.files?.[0] ?? null)}
      />
      <TextField label={words.folder} maxLength={200} value={folder} onChange={(event) => setFolder(event.target.value)} />
    </FormDialog>
  );
}
