import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { securityText } from '#text/security.ts';
import { post } from '../../api/client.ts';
import type { SsoKind, SsoProvider } from '../../api/identity.ts';
import { TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { ConnectionFields } from './connection-fields.tsx';
import { draftOf, providerBody } from './draft.ts';

const words = securityText.sso;
/** Nobody signs in with it before it was tested and switched on. */
const atFirst = { enabled: false, joins: true, roles: { claim: null, rules: [], fallback: ['member'] } };
const kinds = ['oidc', 'saml', 'oauth2'] as const;

/** A name, a kind, and how to reach it. Everything else is set on its page, where it can be tested before anybody uses it. */
export function NewProviderDialog({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [kind, setKind] = useState<SsoKind>('oidc');
  const [name, setName] = useState('');
  const [draft, setDraft] = useState(draftOf);
  const make = useAct(() => post<SsoProvider>('/sso/providers', providerBody({ kind, name: name.trim(), ...atFirst }, draft)), {
    refresh: ['sso-providers'],
    onDone: ({ id }) => navigate({ to: '/settings/sso/$providerId', params: { providerId: id } }),
  });
  return (
    <FormDialog title={words.new} action={words.create} wide onClose={onClose} onSubmit={() => make.mutateAsync()}>
      <TextField
        label={words.name}
        help={words.nameHelp}
        required
        maxLength={60}
        autoFocus
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <SelectField
        label={words.kind}
        help={words.kindHelp[kind]}
        value={kind}
        choices={kinds.map((value) => ({ value, label: words.kinds[value] }))}
        onChange={(event) => setKind(kinds.find((value) => value === event.target.value) ?? 'oidc')}
      />
      <ConnectionFields kind={kind} draft={draft} set={(part) => setDraft({ ...draft, ...part })} isStored={false} />
    </FormDialog>
  );
}
