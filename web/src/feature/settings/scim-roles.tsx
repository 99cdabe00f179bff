import { useInfiniteQuery } from '@tanstack/react-query';
import { securityText } from '#text/security.ts';
import { settingsText } from '#text/settings.ts';
import { put } from '../../api/client.ts';
import type { ScimSettings } from '../../api/identity.ts';
import { Block } from '../../ui/form/block.tsx';
import { CheckList } from '../../ui/form/check-list.tsx';
import { SaveForm } from '../../ui/form/save-form.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { useDraft } from '../../ui/form/use-draft.ts';
import { rolesQuery } from './queries.ts';
import { RuleList } from './rule-list.tsx';

const words = securityText.scim;

/** Which roles the directory's groups bring to those whom it manages. */
export function ScimRoleForm({ roles, isReadOnly }: { roles: ScimSettings['roles']; isReadOnly: boolean }) {
  const { draft, set, isChanged, reset } = useDraft(roles);
  const known = useInfiniteQuery(rolesQuery).data?.pages.flatMap((page) => page.items) ?? [];
  const choices = known.map((role) => ({ value: role.name, label: role.title }));
  const save = useAct(() => put('/scim', { roles: draft }), { refresh: ['scim', 'members'], said: settingsText.saved, onDone: reset });
  return (
    <Block title={words.roles} note={words.rolesText}>
      <SaveForm
        isChanged={isChanged && draft.fallback.length > 0}
        isBusy={save.isPending}
        error={save.error}
        onSave={() => save.mutate()}
        onReset={reset}
        isReadOnly={isReadOnly}
      >
        <RuleList rules={draft.rules} roles={choices} onChange={(rules) => set({ rules })} />
        <CheckList
          legend={words.fallback}
          columns
          items={choices}
          value={draft.fallback}
          onChange={(fallback) => set({ fallback })}
          error={draft.fallback.length === 0 ? settingsText.members.chooseRole : null}
        />
      </SaveForm>
    </Block>
  );
}
