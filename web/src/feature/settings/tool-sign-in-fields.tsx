import { toolsText } from '#text/tools.ts';
import type { ToolSignIn } from '../../api/tools.ts';
import { TextArea, TextField } from '../../ui/field.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';

const words = toolsText;
const starts: Record<ToolSignIn['kind'], ToolSignIn> = {
  none: { kind: 'none' },
  bearer: { kind: 'bearer', token: '' },
  oauth: { kind: 'oauth', clientId: null, clientSecret: null, scope: null },
  mtls: { kind: 'mtls', certificate: '', authorities: null },
};
const isKind = (value: string): value is ToolSignIn['kind'] => value in starts;
const kinds = Object.keys(starts).filter(isKind);

/** How a tool server knows us. Secrets are named here, never typed. */
export function SignInFields({ value, onChange }: { value: ToolSignIn; onChange: (value: ToolSignIn) => void }) {
  return (
    <>
      <SelectField
        label={words.signIn}
        value={value.kind}
        choices={kinds.map((kind) => ({ value: kind, label: words.signIns[kind] }))}
        onChange={({ target }) => isKind(target.value) && onChange(starts[target.value])}
      />
      {value.kind === 'bearer' && (
        <Reference label={words.token} required value={value.token} onChange={(token) => onChange({ ...value, token })} />
      )}
      {value.kind === 'oauth' && (
        <>
          <TextField
            label={words.clientId}
            help={words.clientIdHelp}
            maxLength={500}
            value={value.clientId ?? ''}
            onChange={(event) => onChange({ ...value, clientId: event.target.value || null })}
          />
          <Reference
            label={words.clientSecret}
            value={value.clientSecret ?? ''}
            onChange={(clientSecret) => onChange({ ...value, clientSecret: clientSecret || null })}
          />
          <TextField
            label={words.scope}
            maxLength={1_000}
            value={value.scope ?? ''}
            onChange={(event) => onChange({ ...value, scope: event.target.value || null })}
          />
        </>
      )}
      {value.kind === 'mtls' && (
        <>
          <Reference
            label={words.certificate}
            required
            value={value.certificate}
            onChange={(certificate) => onChange({ ...value, certificate })}
          />
          <TextArea
            label={words.authorities}
            help={words.authoritiesHelp}
            spellCheck={false}
            className="font-mono"
            value={value.authorities ?? ''}
            onChange={(event) => onChange({ ...value, authorities: event.target.value || null })}
          />
        </>
      )}
    </>
  );
}

interface ReferenceProps {
  label: string;
  required?: boolean;
  value: string;
  onChange: (value: string) => void;
}

function Reference({ label, required = false, value, onChange }: ReferenceProps) {
  return (
    <TextField
      label={label}
      help={words.reference}
      required={required}
      pattern="secret://.+"
      maxLength={300}
      spellCheck={false}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}
