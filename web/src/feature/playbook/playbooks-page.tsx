import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { BookOpenCheck } from 'lucide-react';
import { useState } from 'react';
import { playbooksText } from '#text/playbooks.ts';
import type { Playbook } from '../../api/playbooks.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Empty } from '../../ui/feedback.tsx';
import { ForeignLine } from '../../ui/foreign-text.tsx';
import { ListCard, Row } from '../../ui/form/list-card.tsx';
import { NewButton } from '../../ui/form/new-button.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { linkClass } from '../../ui/link.ts';
import { Page } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';
import { Help } from '../help/help.tsx';
import { useSignedIn } from '../session/session.ts';
import { noteQuery, saveNote } from '../vault/queries.ts';
import { NewDialog } from './new-dialog.tsx';
import { checkQuery, playbookKeys, playbooksQuery } from './queries.ts';

const words = playbooksText;
const tones: Record<Playbook['state'], Tone> = { on: 'good', off: 'neutral', faulty: 'bad', untrusted: 'warn', plain: 'neutral' };

/** What is done without a model: each playbook, whether it is used, and how often. */
export default function PlaybooksPage() {
  const [isNew, setNew] = useState(false);
  const mayWrite = useSignedIn().permissions.includes('vault:write');
  return (
    <Page
      title={words.title}
      help={<Help topic="playbooks" />}
      side={mayWrite && <NewButton label={words.make} onClick={() => setNew(true)} />}
    >
      <p className="-mt-3 mb-5 text-muted">{words.intro}</p>
      <ListCard
        query={playbooksQuery}
        keyOf={({ path }) => path}
        empty={
          <Empty icon={<BookOpenCheck size={18} aria-hidden="true" />} title={words.none}>
            {words.noneText}
          </Empty>
        }
      >
        {(playbook) => <PlaybookRow playbook={playbook} mayWrite={mayWrite} />}
      </ListCard>
      {isNew && <NewDialog onClose={() => setNew(false)} />}
    </Page>
  );
}

function PlaybookRow({ playbook, mayWrite }: { playbook: Playbook; mayWrite: boolean }) {
  const { path, title, state, source, kind, faults, usesIn30Days, lastUsedAt } = playbook;
  const toggle = useSwitch(playbook);
  const isOff = state === 'off';
  return (
    <Row
      title={
        <Link to="/playbooks/edit" search={{ path }} className={linkClass}>
          <ForeignLine value={title} />
        </Link>
      }
      marks={
        <span title={words.stateHelp[state]}>
          <Badge tone={tones[state]}>{words.states[state]}</Badge>
        </span>
      }
      note={
        <>
          {source !== null && <ForeignLine value={`${words.about(source, kind)} · `} />}
          <span title={words.usesTitle}>{lastUsedAt === null ? words.never : words.uses(usesIn30Days)}</span>
          {lastUsedAt !== null && (
            <>
              , {words.lastUsed} <Time at={lastUsedAt} />
            </>
          )}
          {faults[0] !== undefined && (
            <p className="mt-1 text-bad">
              {words.faults(faults.length)}: <ForeignLine value={faults[0].text} />
            </p>
          )}
        </>
      }
      side={
        mayWrite &&
        (state === 'on' || isOff) && (
          <Button
            size="small"
            disabled={toggle.isPending}
            aria-label={isOff ? words.switchOnLabel(title) : words.switchOffLabel(title)}
            onClick={() => toggle.mutate()}
          >
            {isOff ? words.switchOn : words.switchOff}
          </Button>
        )
      }
    />
  );
}

/** Writes into the note whether it is used, over exactly the version that is listed. */
function useSwitch({ path, etag, state }: Playbook) {
  const client = useQueryClient();
  return useAct(
    async () => {
      const note = await client.fetchQuery({ ...noteQuery(path), staleTime: 0 });
      if (note.kind !== 'markdown') return;
      const before = await client.fetchQuery(checkQuery({ path, text: note.text }));
      const after = await client.fetchQuery(checkQuery({ path, text: note.text, fields: { ...before.fields, enabled: state === 'off' } }));
      await saveNote(path, after.text, etag);
    },
    { refresh: playbookKeys, said: state === 'off' ? words.switchedOn : words.switchedOff, toastsErrors: true },
  );
}
