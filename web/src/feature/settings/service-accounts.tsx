import { useState } from 'react';
import { securityText } from '#text/security.ts';
import { settingsText } from '#text/settings.ts';
import { post, put } from '../../api/client.ts';
import type { ServiceAccount } from '../../api/identity.ts';
import { Button } from '../../ui/button.tsx';
import { Empty } from '../../ui/feedback.tsx';
import { TextField } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form/form-dialog.tsx';
import { ListCard, Row } from '../../ui/form/list-card.tsx';
import { NewButton } from '../../ui/form/new-button.tsx';
import { Removal } from '../../ui/form/removal.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { Section } from '../../ui/page.tsx';
import { PermissionChoice } from './permission-choice.tsx';
import { serviceAccountsQuery } from './queries.ts';

const words = securityText.keys;
type Open = { kind: 'new' } | { kind: 'edit' | 'delete'; account: ServiceAccount };

/** Names for programs, above the keys that act under them. */
export function ServiceAccountSection() {
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => setOpen(null);
  return (
    <Section
      title={words.accounts}
      card={false}
      side={<NewButton small label={words.accountNew} onClick={() => setOpen({ kind: 'new' })} />}
    >
      <ListCard
        query={serviceAccountsQuery}
        keyOf={(account) => account.id}
        rows={2}
        empty={<Empty title={words.accountNone}>{words.accountsText}</Empty>}
      >
        {(account) => (
          <Row
            title={account.name}
            note={[account.description, words.all(account.permissions.length)].filter(Boolean).join(' · ')}
            side={
              <>
                <Button
                  look="quiet"
                  size="small"
                  aria-label={words.accountDeleteLabel(account.name)}
                  onClick={() => setOpen({ kind: 'delete', account })}
                >
                  {words.accountDelete}
                </Button>
                <Button size="small" aria-label={words.accountEditLabel(account.name)} onClick={() => setOpen({ kind: 'edit', account })}>
                  {words.accountEdit}
                </Button>
              </>
            }
          />
        )}
      </ListCard>
      {open?.kind === 'new' && <AccountDialog account={null} onClose={close} />}
      {open?.kind === 'edit' && <AccountDialog account={open.account} onClose={close} />}
      {open?.kind === 'delete' && (
        <Removal
          path={`/service-accounts/${encodeURIComponent(open.account.id)}`}
          refresh={['service-accounts', 'api-keys']}
          title={words.accountDeleteTitle(open.account.name)}
          action={words.accountDelete}
          said={words.accountDeleted}
          onClose={close}
        >
          {words.accountDeleteText}
        </Removal>
      )}
    </Section>
  );
}

function AccountDialog({ account, onClose }: { account: ServiceAccount | null; onClose: () => void }) {
  const [draft, setDraft] = useState({
    name: account?.name ?? '',
    description: account?.description ?? '',
    permissions: account?.permissions ?? [],
  });
  const set = (part: Partial<typeof draft>) => setDraft({ ...draft, ...part });
  const save = useAct(
    () => (account ? put(`/service-accounts/${encodeURIComponent(account.id)}`, draft) : post('/service-accounts', draft)),
    { refresh: ['service-accounts'], said: settingsText.saved, onDone: onClose },
  );
  return (
    <FormDialog
      title={account?.name ?? words.accountNew}
      action={settingsText.save}
      isDisabled={draft.permissions.length === 0}
      wide
      onClose={onClose}
      onSubmit={() => save.mutateAsync()}
    >
      <TextField
        label={words.name}
        required
        maxLength={60}
        autoFocus
        value={draft.name}
        onChange={(event) => set({ name: event.target.value })}
      />
      <TextField
        label={words.description}
        maxLength={200}
        value={draft.description}
        onChange={(event) => set({ description: event.target.value })}
      />
      <PermissionChoice value={draft.permissions} onChange={(permissions) => set({ permissions })} />
    </FormDialog>
  );
}
