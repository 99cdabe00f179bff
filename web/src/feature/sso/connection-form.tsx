import { securityText } from '#text/security.ts';
import { put } from '../../api/client.ts';
import type { SsoProvider } from '../../api/identity.ts';
import { CheckField, TextField } from '../../ui/field.tsx';
import { Block } from '../../ui/form/block.tsx';
import { SaveForm } from '../../ui/form/save-form.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { useDraft } from '../../ui/form/use-draft.ts';
import { Time } from '../../ui/time.tsx';
import { ConnectionFields } from './connection-fields.tsx';
import { draftOf, providerBody } from './draft.ts';
import { providerPath } from './queries.ts';

const words = securityText.sso;

interface ProviderFormProps {
  provider: SsoProvider;
  isReadOnly: boolean;
}

/** The connection, and whether people may use it. */
export function ConnectionForm({ provider, isReadOnly }: ProviderFormProps) {
  const { kind } = provider;
  const { draft, set, isChanged, reset } = useDraft({ name: provider.name, enabled: provider.enabled, ...draftOf(provider) });
  const save = useAct(
    () => put(providerPath(provider.id), providerBody({ ...provider, name: draft.name.trim(), enabled: draft.enabled }, draft)),
    { refresh: ['sso-provider', 'sso-providers'], said: words.saved, onDone: reset },
  );
  const isStored = provider.oidc?.hasSecret ?? provider.oauth2?.hasSecret ?? provider.saml !== undefined;
  return (
    <Block title={`${words.connection} · ${words.kinds[kind]}`}>
      <SaveForm
        isChanged={isChanged}
        isBusy={save.isPending}
        error={save.error}
        onSave={() => save.mutate()}
        onReset={reset}
        isReadOnly={isReadOnly}
      >
        <TextField
          label={words.name}
          help={words.nameHelp}
          required
          value={draft.name}
          onChange={(event) => set({ name: event.target.value })}
        />
        <ConnectionFields kind={kind} draft={draft} set={set} isStored={isStored} />
        {provider.saml?.certificates.map((certificate) => (
          <p key={certificate.fingerprint} className="mb-4 text-muted text-note">
            {words.certificate} <span className="wrap-anywhere font-mono">{certificate.fingerprint}</span>, {words.certificateUntil}{' '}
            <Time at={certificate.expiresAt} />
          </p>
        ))}
        <CheckField
          label={words.enabled}
          help={words.enabledHelp}
          checked={draft.enabled}
          onChange={(event) => set({ enabled: event.target.checked })}
        />
      </SaveForm>
    </Block>
  );
}
