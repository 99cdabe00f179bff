import { useInfiniteQuery } from '@tanstack/react-query';
import { securityText } from '#text/security.ts';
import { put } from '../../api/client.ts';
import type { SsoProvider } from '../../api/identity.ts';
import { CheckField, TextField } from '../../ui/field.tsx';
import { Block } from '../../ui/form/block.tsx';
import { CheckList } from '../../ui/form/check-list.tsx';
import { SaveForm } from '../../ui/form/save-form.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { useDraft } from '../../ui/form/use-draft.ts';
import { rolesQuery } from '../settings/queries.ts';
import { RuleList } from '../settings/rule-list.tsx';
import { draftOf, providerBody } from './draft.ts';
import { providerPath } from './queries.ts';

const words = securityText.sso;

/** Who becomes a member, and with which roles: by group, and for everybody else. */
export function RoleForm({ provider, isReadOnly }: { provider: SsoProvider; isReadOnly: boolean }) {
  const { draft, set, isChanged, reset } = useDraft({ roles: provider.roles, joins: provider.joins });
  const known = useInfiniteQuery(rolesQuery).data?.pages.flatMap((page) => page.items) ?? [];
  const choices = known.map((role) => ({ value: role.name, label: role.title }));
  const save = useAct(() => put(providerPath(provider.id), providerBody({ ...provider, ...draft }, draftOf(provider))), {
    refresh: ['sso-provider', 'sso-providers'],
    said: words.saved,
    onDone: reset,
  });
  const { claim, rules, fallback } = draft.roles;
  const setRoles = (part: Partial<SsoProvider['roles']>) => set({ roles: { ...draft.roles, ...part } });
  return (
    <Block title={words.roleTitle} note={words.roleText}>
      <SaveForm
        isChanged={isChanged}
        isBusy={save.isPending}
        error={save.error}
        onSave={() => save.mutate()}
        onReset={reset}
        isReadOnly={isReadOnly}
      >
        <CheckField
          label={words.joins}
          help={words.joinsHelp}
          checked={draft.joins}
          onChange={(event) => set({ joins: event.target.checked })}
        />
        <TextField
          label={words.claim}
          help={words.claimHelp}
          spellCheck={false}
          value={claim ?? ''}
          onChange={(event) => setRoles({ claim: event.target.value || null })}
        />
        {claim !== null && (
          <RuleList
            rules={rules.map(({ value, role }) => ({ group: value, role }))}
            roles={choices}
            onChange={(next) => setRoles({ rules: next.map(({ group, role }) => ({ value: group, role })) })}
          />
        )}
        <CheckList
          legend={words.fallback}
          help={words.fallbackHelp}
          columns
          items={choices.map(({ value, label }) => ({ value, label }))}
          value={fallback}
          onChange={(names) => setRoles({ fallback: names })}
        />
      </SaveForm>
    </Block>
  );
}
