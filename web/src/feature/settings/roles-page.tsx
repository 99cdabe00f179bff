import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { settingsText } from '#text/settings.ts';
import type { Role } from '../../api/identity.ts';
import { Button } from '../../ui/button.tsx';
import { Empty, ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { Row } from '../../ui/form/list-card.tsx';
import { NewButton } from '../../ui/form/new-button.tsx';
import { Removal } from '../../ui/form/removal.tsx';
import { Section } from '../../ui/page.tsx';
import { PermissionTable } from './permission-table.tsx';
import { rolesQuery } from './queries.ts';
import { RoleDialog } from './role-dialog.tsx';
import { TopicPage } from './topic-page.tsx';
import { useMay } from './topics.tsx';

const words = settingsText.roles;
type Open = { kind: 'new' } | { kind: 'edit' | 'delete'; role: Role };

/** Built-in roles, the tenant's own, and what each allows. */
export default function RolesPage() {
  const list = useInfiniteQuery(rolesQuery);
  const mayAdmin = useMay('role:admin');
  const [open, setOpen] = useState<Open | null>(null);
  const roles = list.data?.pages.flatMap((page) => page.items) ?? [];
  const own = roles.filter((role) => !role.builtIn);
  const close = () => setOpen(null);
  return (
    <TopicPage topic="roles" side={mayAdmin && <NewButton label={words.new} onClick={() => setOpen({ kind: 'new' })} />}>
      {list.error && !list.data && <ErrorBox error={list.error} onRetry={list.refetch} />}
      {list.isPending && <Skeleton rows={5} />}
      {list.data && (
        <>
          <Section title={words.own}>
            {own.length === 0 && <Empty title={words.none}>{words.noneText}</Empty>}
            <ul className="divide-y divide-line">
              {own.map((role) => (
                <li key={role.name}>
                  <Row
                    title={role.title}
                    note={words.summary(role.permissions.length, role.members)}
                    side={
                      mayAdmin && (
                        <>
                          <Button
                            look="quiet"
                            size="small"
                            aria-label={words.deleteLabel(role.title)}
                            onClick={() => setOpen({ kind: 'delete', role })}
                          >
                            {words.delete}
                          </Button>
                          <Button size="small" aria-label={words.editLabel(role.title)} onClick={() => setOpen({ kind: 'edit', role })}>
                            {settingsText.edit}
                          </Button>
                        </>
                      )
                    }
                  />
                </li>
              ))}
            </ul>
          </Section>
          <Section title={words.builtIn}>
            <ul className="divide-y divide-line">
              {roles
                .filter((role) => role.builtIn)
                .map((role) => (
                  <li key={role.name}>
                    <Row title={role.title} note={words.summary(role.permissions.length, role.members)} />
                  </li>
                ))}
            </ul>
          </Section>
          <PermissionTable roles={roles} />
        </>
      )}
      {open?.kind === 'new' && <RoleDialog current={null} onClose={close} />}
      {open?.kind === 'edit' && <RoleDialog current={open.role} onClose={close} />}
      {open?.kind === 'delete' && (
        <Removal
          path={`/roles/${encodeURIComponent(open.role.id ?? open.role.name)}`}
          refresh={['roles']}
          title={words.deleteTitle(open.role.title)}
          action={words.delete}
          said={words.deleted}
          onClose={close}
        >
          {words.deleteText}
        </Removal>
      )}
    </TopicPage>
  );
}
