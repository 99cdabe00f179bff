import { useState } from 'react';
import { peopleText } from '#text/people.ts';
import type { Passkey } from '../../api/identity.ts';
import { Button } from '../../ui/button.tsx';
import { TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { Row } from '../../ui/form/list-card.tsx';
import { NewButton } from '../../ui/form/new-button.tsx';
import { Removal } from '../../ui/form/removal.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { Section } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';
import { addPasskey, hasPasskeys } from '../session/passkey.ts';

const words = peopleText.account;

/** The passkeys of the account. */
export function PasskeySection({ passkeys }: { passkeys: Passkey[] }) {
  const [open, setOpen] = useState<'add' | Passkey | null>(null);
  const close = () => setOpen(null);
  return (
    <Section title={words.passkeys} side={hasPasskeys() && <NewButton small label={words.passkeyAdd} onClick={() => setOpen('add')} />}>
      {passkeys.length === 0 && <p className="px-4 py-4 text-muted">{words.passkeysNone}</p>}
      <ul className="divide-y divide-line">
        {passkeys.map((passkey) => (
          <li key={passkey.id}>
            <Row
              title={passkey.name}
              note={
                <>
                  {words.added} <Time at={passkey.createdAt} /> ·{' '}
                  {passkey.lastUsedAt ? (
                    <>
                      {words.used} <Time at={passkey.lastUsedAt} />
                    </>
                  ) : (
                    words.never
                  )}
                </>
              }
              side={
                <Button look="quiet" size="small" aria-label={words.passkeyRemoveLabel(passkey.name)} onClick={() => setOpen(passkey)}>
                  {words.passkeyRemove}
                </Button>
              }
            />
          </li>
        ))}
      </ul>
      {open === 'add' && <AddDialog onClose={close} />}
      {open !== null && open !== 'add' && (
        <Removal
          path={`/account/passkeys/${encodeURIComponent(open.id)}`}
          refresh={['account']}
          title={words.passkeyRemoveTitle(open.name)}
          action={words.passkeyRemove}
          said={words.passkeyRemoved}
          onClose={close}
        >
          {words.passkeyRemoveText}
        </Removal>
      )}
    </Section>
  );
}

function AddDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const add = useAct(() => addPasskey(name.trim()), { refresh: ['account', 'me'], said: words.passkeyAdded, onDone: onClose });
  return (
    <FormDialog title={words.passkeyAdd} action={words.passkeyAdd} onClose={onClose} onSubmit={() => add.mutateAsync()}>
      <TextField
        label={words.passkeyName}
        help={words.passkeyNameHelp}
        required
        maxLength={60}
        autoFocus
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
    </FormDialog>
  );
}
