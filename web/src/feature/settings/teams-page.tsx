import { useInfiniteQuery } from '@tanstack/react-query';
import { Plus, UsersRound } from 'lucide-react';
import { useState } from 'react';
import { post, put, remove } from '../../api/client.ts';
import type { Team } from '../../api/identity.ts';
import { settingsText } from '../../text/settings.ts';
import { Button } from '../../ui/button.tsx';
import { Empty } from '../../ui/feedback.tsx';
import { TextField } from '../../ui/field.tsx';
import { CheckList } from '../../ui/form/check-list.tsx';
import { Confirm } from '../../ui/form/confirm.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { ListCard, Row } from '../../ui/form/list-card.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { membersQuery, teamsQuery } from './queries.ts';
import { TopicPage } from './topic-page.tsx';
import { useMay } from './topics.tsx';

const words = settingsText.teams;
type Open = { kind: 'new' } | { kind: 'edit' | 'delete'; team: Team };

/** The teams and who is in them. */
export default function TeamsPage() {
  const mayAdmin = useMay('member:admin');
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  const removal = useAct((id: string) => remove(`/teams/${encodeURIComponent(id)}`), {
    refresh: ['teams', 'members'],
    said: words.deleted,
  });
  return (
    <TopicPage
      topic="teams"
      side={
        mayAdmin && (
          <Button look="primary" onClick={() => setOpen({ kind: 'new' })}>
            <Plus size={14} aria-hidden="true" />
            {words.new}
          </Button>
        )
      }
    >
      <ListCard
        query={teamsQuery}
        keyOf={(team) => team.id}
        empty={
          <Empty icon={<UsersRound size={18} aria-hidden="true" />} title={words.none}>
            {words.noneText}
          </Empty>
        }
      >
        {(team) => (
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
      </ListCard>
      {open?.kind === 'new' && <TeamDialog team={null} onClose={close} />}
      {open?.kind === 'edit' && <TeamDialog team={open.team} onClose={close} />}
      {open?.kind === 'delete' && (
        <Confirm
          title={words.deleteTitle(open.team.name)}
          action={words.delete}
          onClose={close}
          onConfirm={() => removal.mutateAsync(open.team.id)}
        >
          {words.deleteText}
        </Confirm>
      )}
    </TopicPage>
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
