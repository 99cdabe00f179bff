import { useInfiniteQuery } from '@tanstack/react-query';
import { UsersRound } from 'lucide-react';
import { useState } from 'react';
import { settingsText } from '#text/settings.ts';
import { post, put } from '../../api/client.ts';
import type { Team } from '../../api/identity.ts';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/field.tsx';
import { CheckList } from '../../ui/form/check-list.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { Row } from '../../ui/form/list-card.tsx';
import { Removal } from '../../ui/form/removal.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { ListPage } from './list-page.tsx';
import { membersQuery, teamsQuery } from './queries.ts';
import { useMay } from './topics.tsx';

const words = settingsText.teams;
type Open = { kind: 'new' } | { kind: 'edit' | 'delete'; team: Team };

/** The teams and who is in them. */
export default function TeamsPage() {
  const mayAdmin = useMay('member:admin');
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  return (
    <ListPage
      topic="teams"
      words={words}
      icon={UsersRound}
      query={teamsQuery}
      row={(team) => (
        <Row
          title={team.name}
          note={<TeamMembers team={team} />}
          side={
            mayAdmin && (
              <>
                <Button
                  look="quiet"
                  size="small"
                  aria-label={words.deleteLabel(team.name)}
                  onClick={() => setOpen({ kind: 'delete', team })}
                >
                  {words.delete}
                </Button>
                <Button size="small" aria-label={words.editLabel(team.name)} onClick={() => setOpen({ kind: 'edit', team })}>
                  {words.edit}
                </Button>
              </>
            )
          }
        />
      )}
      onNew={mayAdmin && (() => setOpen({ kind: 'new' }))}
    >
      {open?.kind === 'new' && <TeamDialog team={null} onClose={close} />}
      {open?.kind === 'edit' && <TeamDialog team={open.team} onClose={close} />}
      {open?.kind === 'delete' && (
        <Removal
          path={`/teams/${encodeURIComponent(open.team.id)}`}
          refresh={['teams', 'members']}
          title={words.deleteTitle(open.team.name)}
          action={words.delete}
          said={words.deleted}
          onClose={close}
        >
          {words.deleteText}
        </Removal>
      )}
    </ListPage>
  );
}

/** Names where they are known, else how many. */
function TeamMembers({ team }: { team: Team }) {
  const members = useMembers();
  const names = team.members.flatMap((id) => members.find((member) => member.userId === id)?.name ?? []);
  return names.length === team.members.length && names.length > 0 && names.length <= 6
    ? names.join(', ')
    : words.count(team.members.length);
}

const useMembers = () => useInfiniteQuery(membersQuery).data?.pages.flatMap((page) => page.items) ?? [];

function TeamDialog({ team, onClose }: { team: Team | null; onClose: () => void }) {
  const [name, setName] = useState(team?.name ?? '');
  const [chosen, setChosen] = useState(team?.members ?? []);
  const members = useMembers();
  const body = { name: name.trim(), members: chosen };
  const save = useAct(() => (team ? put(`/teams/${encodeURIComponent(team.id)}`, body) : post('/teams', body)), {
    refresh: ['teams', 'members'],
    said: settingsText.saved,
    onDone: onClose,
  });
  return (
    <FormDialog title={team?.name ?? words.new} action={settingsText.save} onClose={onClose} onSubmit={() => save.mutateAsync()}>
      <TextField label={words.name} required maxLength={60} autoFocus value={name} onChange={(event) => setName(event.target.value)} />
      <CheckList
        legend={words.members}
        items={members.map((member) => ({ value: member.userId, label: member.name, help: member.email }))}
        value={chosen}
        onChange={setChosen}
      />
    </FormDialog>
  );
}
