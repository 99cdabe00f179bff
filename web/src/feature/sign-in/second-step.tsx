import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { peopleText } from '#text/people.ts';
import { post } from '../../api/client.ts';
import type { SecondFactor } from '../../api/identity.ts';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/field.tsx';
import { CodeField } from '../../ui/form/code-field.tsx';
import { FormError } from '../../ui/form/form-error.tsx';
import { linkClass } from '../../ui/link.ts';

const words = peopleText.signIn;

interface SecondStepProps {
  factors: SecondFactor[];
  onSignedIn: () => unknown;
  onBack: () => void;
}

/** The code of the app, or a recovery code when the app is not at hand. */
export function SecondStep({ factors, onSignedIn, onBack }: SecondStepProps) {
  const [isRecovery, setRecovery] = useState(!factors.includes('totp'));
  const [code, setCode] = useState('');
  const send = useMutation({
    mutationFn: () => post('/session/second-factor', isRecovery ? { recoveryCode: code.trim() } : { code: code.trim() }),
    onSuccess: onSignedIn,
    onError: () => setCode(''),
  });
  const change = () => {
    setRecovery(!isRecovery);
    setCode('');
    send.reset();
  };
  return (
    <>
      <p className="mb-4 text-muted">{isRecovery ? words.recoveryText : words.codeText}</p>
      <FormError error={send.error} />
      <form
        onSubmit={(event) => {
          event.preventDefault();
          send.mutate();
        }}
      >
        {isRecovery ? (
          <TextField
            key="recovery"
            label={words.recovery}
            required
            autoFocus
            spellCheck={false}
            className="font-mono"
            value={code}
            onChange={(event) => setCode(event.target.value)}
          />
        ) : (
          <CodeField key="code" label={words.code} value={code} onChange={setCode} />
        )}
        <Button look="primary" type="submit" disabled={send.isPending} className="w-full">
          {words.confirm}
        </Button>
      </form>
      <p className="mt-4 flex flex-wrap justify-between gap-x-4">
        {factors.includes('totp') && factors.includes('recovery') && (
          <button type="button" onClick={change} className={linkClass}>
            {isRecovery ? words.useApp : words.useRecovery}
          </button>
        )}
        <button type="button" onClick={onBack} className={linkClass}>
          {words.startAgain}
        </button>
      </p>
    </>
  );
}
