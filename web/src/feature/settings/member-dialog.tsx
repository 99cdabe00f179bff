import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { settingsText } from '#text/settings.ts';
import { put, remove } from '../../api/client.ts';
import type { Member } from '../../api/identity.ts';
import { Button } from '../../ui/button.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { Removal } from '../../ui/form/removal.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { rolesQuery } from './queries.ts';
import { RoleChoice } from './role-choice.tsx';

const words = settingsText.members;

/** One member: roles, sessions, and the way out. */
export function MemberDialog({ member, onClose }: { member: Member; onClose: () => void }) {
  const [roles, setRoles] = useState(member.roles);
  const [isRemoving, setRemoving] = useState(false);
  const known = useInfiniteQuery(rolesQuery).data?.pages.flatMap((page) => page.items) ?? [];
  const path = `/members/${encodeURIComponent(member.userId)}`;
  const save = useAct(() => put(path, { roles }), { refresh: ['members', 'roles'], said: settingsText.saved, onDone: onClose });
  const endSessions = useAct(() => remove(`${path}/sessions`), { said: words.sessionsEnded, toastsErrors: true });
  if (isRemoving) {
    return (
      <Removal
        path={path}
        refresh={['members', 'teams', 'roles']}
        title={words.removeTitle(member.name)}
        action={words.remove}
        said={words.removed(member.name)}
        onClose={onClose}
      >
        {words.removeText}
      </Removal>
    );
  }
  return (
    <FormDialog
      title={words.editTitle(member.name)}
      action={settingsText.save}
      isDisabled={roles.length === 0 || roles.toSorted().join() === member.roles.toSorted().join()}
      onClose={onClose}
      onSubmit={() => save.mutateAsync()}
    >
      <p className="mb-4 text-muted">{member.managedBy ? words.managedText : member.email}</p>
      <RoleChoice legend={words.roles} roles={known} value={roles} onChange={setRoles} />
      <div className="flex flex-wrap gap-2 border-line border-t pt-4">
        <Button size="small" disabled={endSessions.isPending} onClick={() => endSessions.mutate()}>
          {words.endSessions}
        </Button>
        <Button size="small" look="danger" onClick={() => setRemoving(true)}>
          {words.remove}
        </Button>
      </div>
    </FormDialog>
  );
}
