import { useInfiniteQuery } from '@tanstack/react-query';
import { Plus, X } from 'lucide-react';
import { put } from '../../api/client.ts';
import type { SsoProvider } from '../../api/identity.ts';
import { securityText } from '../../text/security.ts';
import { Button, IconButton } from '../../ui/button.tsx';
import { CheckField, TextField } from '../../ui/field.tsx';
import { Block } from '../../ui/form/block.tsx';
import { CheckList } from '../../ui/form/check-list.tsx';
import { SaveForm } from '../../ui/form/save-form.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { useDraft } from '../../ui/form/use-draft.ts';
import { rolesQuery } from '../settings/queries.ts';
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
  const setRule = (at: number, part: Partial<(typeof rules)[number]>) =>
    setRoles({ rules: rules.map((rule, i) => (i === at ? { ...rule, ...part } : rule)) });
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
          <div className="mb-4 border-line border-l-2 pl-4">
            {rules.map((rule, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rules have no id, and what is typed into one must not make it another
              <div key={at} className="mb-3 flex items-end gap-2">
                <div className="min-w-0 flex-1">
                  <TextField
                    label={words.ruleNumber(at + 1)}
                    required
                    value={rule.value}
                    onChange={(event) => setRule(at, { value: event.target.value })}
                  />
                </div>
                <div className="min-w-0 flex-1">
                  <SelectField
                    label={words.ruleRoleNumber(at + 1)}
                    value={rule.role}
                    choices={choices}
                    onChange={(event) => setRule(at, { role: event.target.value })}
                  />
                </div>
                <IconButton label={words.ruleRemove(rule.value)} onClick={() => setRoles({ rules: rules.filter((_, i) => i !== at) })}>
                  <X size={15} aria-hidden="true" />
                </IconButton>
              </div>
            ))}
            <Button size="small" onClick={() => setRoles({ rules: [...rules, { value: '', role: choices[0]?.value ?? 'member' }] })}>
              <Plus size={13} aria-hidden="true" />
              {words.ruleAdd}
            </Button>
          </div>
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
