import { useQuery } from '@tanstack/react-query';
import { Check } from 'lucide-react';
import { settingsText } from '#text/settings.ts';
import type { Role } from '../../api/identity.ts';
import { ErrorBox, Skeleton } from '../../ui/feedback.tsx';
import { Section } from '../../ui/page.tsx';
import { ScrollBox } from '../../ui/scroll-box.tsx';
import { permissionsQuery } from './queries.ts';

const words = settingsText.roles;

/** Every permission in a row, every role in a column. */
export function PermissionTable({ roles }: { roles: readonly Role[] }) {
  const permissions = useQuery(permissionsQuery);
  return (
    <Section title={words.table}>
      {permissions.error && <ErrorBox error={permissions.error} onRetry={permissions.refetch} />}
      {permissions.isPending && <Skeleton rows={6} height="h-10" />}
      {permissions.data && (
        <ScrollBox label={words.table} className="max-h-160">
          <table className="w-full border-separate border-spacing-0">
            <thead>
              <tr className="text-note">
                <th scope="col" className="sticky top-0 left-0 z-10 min-w-44 border-line border-b bg-panel px-4 py-2 text-left font-medium">
                  {words.permission}
                </th>
                {roles.map((role) => (
                  <th key={role.name} scope="col" className="sticky top-0 border-line border-b bg-panel px-3 py-2 font-medium">
                    {role.title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {permissions.data.items.map(({ permission, meaning }) => (
                <tr key={permission} className="hover:bg-hover">
                  <th scope="row" className="sticky left-0 border-line border-b bg-panel px-4 py-1.5 text-left font-normal">
                    {meaning}
                    <span className="block font-mono text-muted text-note">{permission}</span>
                  </th>
                  {roles.map((role) => (
                    <td key={role.name} className="border-line border-b px-3 text-center">
                      {role.permissions.includes(permission) ? (
                        <>
                          <Check size={15} aria-hidden="true" className="mx-auto text-good" />
                          <span className="sr-only">{words.yes}</span>
                        </>
                      ) : (
                        <span className="sr-only">{words.no}</span>
                      )}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollBox>
      )}
    </Section>
  );
}
