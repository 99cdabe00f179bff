import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useDeferredValue, useState } from 'react';
import { vaultText } from '#text/vault.ts';
import { Button } from '../../ui/button.tsx';
import { cx } from '../../ui/cx.ts';
import { Notice } from '../../ui/feedback.tsx';
import { TextArea } from '../../ui/field.tsx';
import { FormError } from '../../ui/form/form-error.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { LeaveGuard } from '../../ui/leave-guard.tsx';
import { Conflict } from './conflict.tsx';
import { NoteView } from './note-view.tsx';
import { linksQuery, vaultKeys } from './queries.ts';
import { saveOver, type Version } from './save-over.ts';

const words = vaultText.edit;
const views = ['text', 'preview'] as const;

interface NoteEditorProps {
  path: string;
  /** What is edited; etag null: there is no such note yet. */
  start: Version;
}

/** A note as text, with how it will look beside it. Who saves over somebody else's version is shown both. */
export function NoteEditor({ path, start }: NoteEditorProps) {
  const client = useQueryClient();
  const navigate = useNavigate();
  // What the text was made from: the version that it is saved over.
  const [base, setBase] = useState(start);
  const [source, setSource] = useState(start.text);
  const [theirs, setTheirs] = useState<Version | null>(null);
  const [view, setView] = useState<(typeof views)[number]>('text');
  const [isLeaving, setLeaving] = useState(false);
  const shown = useDeferredValue(source);
  const links = useQuery({ ...linksQuery(path), enabled: start.etag !== null });
  const isChanged = source !== base.text || (base.etag === null && source !== '');

  const save = useAct(
    async () => {
      const other = await saveOver(client, path, source, base.etag);
      setTheirs(other);
      if (other === null) setLeaving(true);
      return other === null;
    },
    {
      onDone: async (isSaved) => {
        if (!isSaved) return;
        await Promise.all([...vaultKeys, 'playbooks'].map((key) => client.invalidateQueries({ queryKey: [key] })));
        await navigate({ to: '/vault/note', search: { path }, ignoreBlocker: true });
      },
    },
  );
  /** Goes on with a text over what the other has saved. */
  const goOn = (text: string) => {
    if (theirs !== null) setBase(theirs);
    setSource(text);
    setTheirs(null);
  };

  return (
    <>
      <div className="mb-3 flex flex-wrap items-center justify-between gap-2">
        <fieldset aria-label={words.views} className="flex gap-1 lg:invisible">
          {views.map((one) => (
            <Button key={one} look={one === view ? 'plain' : 'quiet'} aria-pressed={one === view} onClick={() => setView(one)}>
              {words[one]}
            </Button>
          ))}
        </fieldset>
        <div className="flex items-center gap-2">
          {isChanged && <span className="text-muted text-note">{words.unsaved}</span>}
          <Button look="primary" disabled={!isChanged || save.isPending || theirs !== null} onClick={() => save.mutate()}>
            {words.save}
          </Button>
        </div>
      </div>
      {links.data?.trusted === false && <Notice tone="warn">{words.outside}</Notice>}
      <FormError error={save.error} />
      {theirs !== null && <Conflict base={base.text} mine={source} theirs={theirs} onGoOn={goOn} />}
      <div className="grid gap-4 lg:grid-cols-2">
        <div className={cx(view === 'preview' && 'max-lg:hidden')}>
          <TextArea
            label={<span className="sr-only">{words.text}</span>}
            rows={26}
            autoFocus
            className="min-h-[60dvh] font-mono text-note! leading-5"
            value={source}
            onChange={(event) => setSource(event.target.value)}
          />
        </div>
        <section
          aria-label={words.preview}
          className={cx('min-h-[60dvh] min-w-0 rounded-card border border-line bg-panel px-4 py-4', view === 'text' && 'max-lg:hidden')}
        >
          <NoteView source={shown} links={links.data?.trusted === true ? links.data.links : []} />
        </section>
      </div>
      <LeaveGuard isOn={isChanged && !isLeaving} title={words.leave} action={words.leaveAction}>
        {words.leaveText}
      </LeaveGuard>
    </>
  );
}
