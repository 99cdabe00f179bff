import { queryOptions, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { securityText } from '#text/security.ts';
import { settingsText } from '#text/settings.ts';
import { get, put } from '../../api/client.ts';
import type { SecurityRules } from '../../api/identity.ts';
import { ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { CheckField, TextArea, TextField } from '../../ui/field.tsx';
import { Block } from '../../ui/form/block.tsx';
import { Columns } from '../../ui/form/columns.tsx';
import { SaveForm } from '../../ui/form/save-form.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { useDraft } from '../../ui/form/use-draft.ts';
import { membersQuery } from './queries.ts';
import { TopicPage } from './topic-page.tsx';
import { useMay } from './topics.tsx';

const words = securityText.rules;
const rulesQuery = queryOptions({ queryKey: ['security'], queryFn: ({ signal }) => get<SecurityRules>('/security', { signal }) });

/** What this tenant asks of every sign-in. The server refuses rules that would lock out whoever sets them. */
export default function SecurityPage() {
  const rules = useQuery(rulesQuery);
  return (
    <TopicPage topic="security">
      {rules.error && <ErrorBox error={rules.error} onRetry={rules.refetch} />}
      {rules.isPending && <Skeleton rows={5} />}
      {rules.data && <RulesForm rules={rules.data} />}
    </TopicPage>
  );
}

function RulesForm({ rules }: { rules: SecurityRules }) {
  const { draft, set, isChanged, reset } = useDraft(rules);
  // Typed as it comes: an empty last line is not an address, but must stay while somebody types.
  const [addresses, setAddresses] = useState(rules.allowedAddresses.join('\n'));
  const members = useInfiniteQuery(membersQuery).data?.pages.flatMap((page) => page.items) ?? [];
  const owners = members.filter((member) => member.roles.includes('owner'));
  const mayWrite = useMay('security:admin');
  const save = useAct(() => put('/security', draft), { refresh: ['security'], said: settingsText.saved, onDone: reset });
  return (
    <SaveForm
      isChanged={isChanged}
      isBusy={save.isPending}
      error={save.error}
      onSave={() => save.mutate()}
      onReset={() => {
        reset();
        setAddresses(rules.allowedAddresses.join('\n'));
      }}
      isReadOnly={!mayWrite}
    >
      <Block title={words.factors}>
        <CheckField
          label={words.secondFactor}
          help={words.secondFactorHelp}
          checked={draft.secondFactorRequired}
          onChange={(event) => set({ secondFactorRequired: event.target.checked })}
        />
        <CheckField
          label={words.ssoRequired}
          help={words.ssoRequiredHelp}
          checked={draft.ssoRequired}
          onChange={(event) => set({ ssoRequired: event.target.checked })}
        />
        {draft.ssoRequired && (
          <div className="border-line border-l-2 pl-4">
            <SelectField
              label={words.breakGlass}
              help={words.breakGlassHelp}
              value={draft.breakGlassUserId ?? ''}
              choices={[{ value: '', label: words.breakGlassNone }, ...owners.map(({ userId, name }) => ({ value: userId, label: name }))]}
              onChange={(event) => set({ breakGlassUserId: event.target.value || null })}
            />
          </div>
        )}
      </Block>
      <Block title={words.sessions}>
        <Columns>
          <TextField
            label={words.idle}
            type="number"
            min={5}
            max={720}
            required
            value={draft.sessionIdleMinutes}
            onChange={(event) => set({ sessionIdleMinutes: Number(event.target.value) })}
          />
          <TextField
            label={words.absolute}
            type="number"
            min={1}
            max={720}
            required
            value={draft.sessionAbsoluteHours}
            onChange={(event) => set({ sessionAbsoluteHours: Number(event.target.value) })}
          />
        </Columns>
      </Block>
      <Block title={words.network}>
        <TextArea
          label={words.addresses}
          help={words.addressesHelp}
          rows={4}
          spellCheck={false}
          className="font-mono"
          value={addresses}
          onChange={(event) => {
            setAddresses(event.target.value);
            set({ allowedAddresses: event.target.value.split(/[\s,]+/).filter(Boolean) });
          }}
        />
      </Block>
    </SaveForm>
  );
}
