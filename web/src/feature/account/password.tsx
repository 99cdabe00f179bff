import { useState } from 'react';
import { peopleText } from '#text/people.ts';
import { put } from '../../api/client.ts';
import type { Account } from '../../api/identity.ts';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { Row } from '../../ui/form/list-card.tsx';
import { Removal } from '../../ui/form/removal.tsx';
import { useAct } from '../../ui/form/use-act.ts';

const words = peopleText.account;

/** The password: set, changed, or removed by those who have another way in. */
export function PasswordRow({ account }: { account: Account }) {
  const [open, setOpen] = useState<'set' | 'remove' | null>(null);
  const close = () => setOpen(null);
  return (
    <>
      <Row
        title={words.password}
        note={account.password ? words.hasPassword : words.noPassword}
        side={
          <>
            {account.password && account.passkeys.length > 0 && (
              <Button look="quiet" size="small" onClick={() => setOpen('remove')}>
                {words.removePassword}
              </Button>
            )}
            <Button size="small" onClick={() => setOpen('set')}>
              {account.password ? words.changePassword : words.setPassword}
            </Button>
          </>
        }
      />
      {open === 'set' && <PasswordDialog account={account} onClose={close} />}
      {open === 'remove' && (
        <Removal
          path={'/account/password'}
          refresh={['account']}
          title={words.removePasswordTitle}
          action={words.removePassword}
          said={words.passwordRemoved}
          onClose={close}
        >
          {words.removePasswordText}
        </Removal>
      )}
    </>
  );
}

function PasswordDialog({ account, onClose }: { account: Account; onClose: () => void }) {
  const [current, setCurrent] = useState('');
  const [password, setPassword] = useState('');
  const change = useAct(() => put('/account/password', { password, ...(account.password && { current }) }), {
    refresh: ['account', 'account-sessions'],
    said: words.passwordChanged,
    onDone: onClose,
  });
  return (
    <FormDialog
      title={account.password ? words.password : words.setPassword}
      action={words.save}
      onClose={onClose}
      onSubmit={() => change.mutateAsync()}
    >
      {account.password && (
        <TextField
          label={words.current}
          type="password"
          autoComplete="current-password"
          required
          autoFocus
          value={current}
          onChange={(event) => setCurrent(event.target.value)}
        />
      )}
      <TextField
        label={words.newPassword}
        help={words.passwordHelp}
        type="password"
        autoComplete="new-password"
        minLength={12}
        required
        autoFocus={!account.password}
        value={password}
        onChange={(event) => setPassword(event.target.value)}
      />
    </FormDialog>
  );
}
