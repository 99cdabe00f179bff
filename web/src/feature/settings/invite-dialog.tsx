import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { settingsText } from '#text/settings.ts';
import { post } from '../../api/client.ts';
import type { InvitationSent } from '../../api/identity.ts';
import { TextField } from '../../ui/field.tsx';
import { CheckList } from '../../ui/form/check-list.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { rolesQuery, teamsQuery } from './queries.ts';
import { RoleChoice } from './role-choice.tsx';
import { SentDialog } from './sent-dialog.tsx';

const words = settingsText.members;

/** Who, as what; then either "mailed" or the link to hand over. */
export function InviteDialog({ onClose }: { onClose: () => void }) {
  const [draft, setDraft] = useState({ email: '', roles: ['member'], teams: [] as string[] });
  const roles = useInfiniteQuery(rolesQuery).data?.pages.flatMap((page) => page.items) ?? [];
  const teams = useInfiniteQuery(teamsQuery).data?.pages.flatMap((page) => page.items) ?? [];
  const set = (part: Partial<typeof draft>) => setDraft({ ...draft, ...part });
  const invite = useAct(
    () =>
      post<InvitationSent>('/invitations', {
        email: draft.email.trim(),
        roles: draft.roles,
        ...(draft.teams.length > 0 && { teams: draft.teams }),
      }),
    { refresh: ['invitations'] },
  );
  if (invite.data) return <SentDialog email={draft.email} sent={invite.data} onClose={onClose} />;
  return (
    <FormDialog
      title={words.inviteTitle}
      action={words.send}
      isDisabled={draft.roles.length === 0}
      onClose={onClose}
      onSubmit={() => invite.mutateAsync()}
    >
      <TextField
        label={words.email}
        help={words.emailHelp}
        type="email"
        required
        autoFocus
        value={draft.email}
        onChange={(event) => set({ email: event.target.value })}
      />
      <RoleChoice legend={words.roles} roles={roles} value={draft.roles} onChange={(names) => set({ roles: names })} />
      {teams.length > 0 && (
        <CheckList
          legend={words.teams}
          columns
          items={teams.map((team) => ({ value: team.id, label: team.name }))}
          value={draft.teams}
          onChange={(ids) => set({ teams: ids })}
        />
      )}
    </FormDialog>
  );
}
