import { securityText } from '#text/security.ts';
import type { SsoKind } from '../../api/identity.ts';
import { TextArea, TextField } from '../../ui/field.tsx';
import { Columns } from '../../ui/form/columns.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';
import type { ConnectionDraft } from './draft.ts';

const words = securityText.sso;

interface ConnectionFieldsProps {
  kind: SsoKind;
  draft: ConnectionDraft;
  set: (part: Partial<ConnectionDraft>) => void;
  /** Whether a secret or metadata is stored already, so that leaving the field empty keeps it. */
  isStored: boolean;
}

/** What has to be known to reach an identity provider; each kind asks for its own. */
export function ConnectionFields({ kind, draft, set, isStored }: ConnectionFieldsProps) {
  if (kind === 'saml') {
    return (
      <TextArea
        label={words.metadata}
        help={isStored ? words.metadataKept : words.metadataHelp}
        rows={6}
        required={!isStored}
        spellCheck={false}
        className="font-mono text-note"
        value={draft.metadataXml}
        onChange={(event) => set({ metadataXml: event.target.value })}
      />
    );
  }
  const address = (name: 'issuer' | 'authorizationUrl' | 'tokenUrl' | 'userInfoUrl') => (
    <TextField
      label={words[name]}
      type="url"
      placeholder="https://"
      required
      value={draft[name]}
      onChange={(event) => set({ [name]: event.target.value })}
    />
  );
  const field = (name: 'fieldSubject' | 'fieldEmail' | 'fieldEmailVerified' | 'fieldName', required = false) => (
    <TextField label={words[name]} required={required} value={draft[name]} onChange={(event) => set({ [name]: event.target.value })} />
  );
  return (
    <>
      {kind === 'oidc' && address('issuer')}
      {kind === 'oauth2' && (
        <>
          {address('authorizationUrl')}
          {address('tokenUrl')}
          {address('userInfoUrl')}
        </>
      )}
      <Columns>
        <TextField label={words.clientId} required value={draft.clientId} onChange={(event) => set({ clientId: event.target.value })} />
        <TextField
          label={words.clientSecret}
          {...(isStored && { help: words.secretKept })}
          type="password"
          autoComplete="new-password"
          value={draft.clientSecret}
          onChange={(event) => set({ clientSecret: event.target.value })}
        />
      </Columns>
      <TextField
        label={words.scopes}
        help={words.scopesHelp}
        value={draft.scopes}
        onChange={(event) => set({ scopes: event.target.value })}
      />
      {kind === 'oauth2' && (
        <SelectField
          label={words.clientAuthentication}
          value={draft.clientAuthentication}
          choices={[
            { value: 'post', label: words.clientAuthentications.post },
            { value: 'basic', label: words.clientAuthentications.basic },
          ]}
          onChange={(event) => set({ clientAuthentication: event.target.value === 'basic' ? 'basic' : 'post' })}
        />
      )}
      {kind === 'oauth2' && (
        <fieldset className="mb-4">
          <legend className="mb-2 font-medium">{words.fields}</legend>
          <Columns>
            {field('fieldSubject', true)}
            {field('fieldEmail', true)}
            {field('fieldEmailVerified')}
            {field('fieldName')}
          </Columns>
        </fieldset>
      )}
    </>
  );
}
