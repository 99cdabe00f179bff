import { Link, useNavigate } from '@tanstack/react-router';
import { RotateCcw, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { vaultText } from '#text/vault.ts';
import { text } from '#text/work.ts';
import type { DeletedNote } from '../../api/vault.ts';
import { formatActor } from '../../format.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { Crumb } from '../../ui/crumb.tsx';
import { Empty } from '../../ui/feedback.tsx';
import { ForeignLine } from '../../ui/foreign-text.tsx';
import { ListCard, Row } from '../../ui/form/list-card.tsx';
import { Page } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';
import { useSignedIn } from '../session/session.ts';
import { deletedQuery } from './queries.ts';
import { RestoreDialog } from './restore-dialog.tsx';

const words = vaultText.deleted;

/** Notes that were deleted and can be had back. */
export default function DeletedPage() {
  const me = useSignedIn();
  const navigate = useNavigate();
  const [asked, setAsked] = useState<DeletedNote | null>(null);
  const mayWrite = me.permissions.includes('vault:write');
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
    >
      <ListCard
        query={deletedQuery}
        keyOf={(note) => note.id}
        empty={
          <Empty icon={<Trash2 size={18} aria-hidden="true" />} title={words.none}>
            {words.noneText}
          </Empty>
        }
      >
        {(note) => (
          <Row
            title={<ForeignLine value={note.path} />}
            note={
              <>
                {vaultText.history.by(vaultText.history.changes.deleted, formatActor(note.author, me.principal.actor))} ·{' '}
                <Time at={note.at} />
                {note.restorable === null && ` · ${words.gone}`}
              </>
            }
            side={
              <>
                <Link to="/vault/history" search={{ id: note.id }} className={buttonClass('quiet', 'small')}>
                  {vaultText.history.open}
                  <span className="sr-only">: {note.path.slice(0, 200)}</span>
                </Link>
                {mayWrite && note.restorable !== null && (
                  <Button size="small" aria-label={words.restoreLabel(note.path)} onClick={() => setAsked(note)}>
                    <RotateCcw size={13} aria-hidden="true" />
                    {vaultText.history.restore}
                  </Button>
                )}
              </>
            }
          />
        )}
      </ListCard>
      {asked !== null && asked.restorable !== null && (
        <RestoreDialog
          version={{ ...asked, version: asked.restorable }}
          onClose={() => setAsked(null)}
          onRestored={() => void navigate({ to: '/vault/history', search: { id: asked.id } })}
        />
      )}
    </Page>
  );
}
