import { useState } from 'react';
import { protectionText } from '#text/protection.ts';
import { put } from '../../api/client.ts';
import { TextArea, TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { useAct } from '../../ui/form/use-act.ts';

const words = protectionText.encryption.bring;

/** A key service of the tenant's own. The server tries it before anything changes. */
export function ProviderDialog({ onClose }: { onClose: () => void }) {
  const [uri, setUri] = useState('');
  const [credential, setCredential] = useState('');
  const fault = credential.trim() === '' || isObject(credential) ? null : words.credentialFault;
  const change = useAct(
    () => put('/encryption/provider', { uri: uri.trim(), ...(credential.trim() !== '' && { credential: JSON.parse(credential) }) }),
    { refresh: ['encryption', 'jobs', 'settings'], said: words.changed, onDone: onClose },
  );
  return (
    <FormDialog
      title={words.title}
      action={words.action}
      wide
      isDisabled={fault !== null}
      onClose={onClose}
      onSubmit={() => change.mutateAsync()}
    >
      <p className="mb-4 text-muted">{words.text}</p>
      <TextField
        label={words.uri}
        help={words.uriHelp}
        required
        maxLength={2000}
        spellCheck={false}
        className="font-mono"
        value={uri}
        onChange={(event) => setUri(event.target.value)}
      />
      <TextArea
        label={words.credential}
        help={words.credentialHelp}
        error={fault}
        rows={4}
        spellCheck={false}
        autoComplete="off"
        className="font-mono"
        value={credential}
        onChange={(event) => setCredential(event.target.value)}
      />
    </FormDialog>
  );
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
