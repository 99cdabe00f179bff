import { useQuery } from '@tanstack/react-query';
import { settingsText } from '#text/settings.ts';
import { Skeleton } from '../../ui/feedback.tsx';
import { CheckList } from '../../ui/form/check-list.tsx';
import { useSignedIn } from '../session/session.ts';
import { permissionsQuery } from './queries.ts';

interface PermissionChoiceProps {
  value: readonly string[];
  onChange: (permissions: string[]) => void;
}

/** Permissions by what they are about, each with its meaning. Nobody gives what they do not have: those are shown, but cannot be chosen. */
export function PermissionChoice({ value, onChange }: PermissionChoiceProps) {
  const all = useQuery(permissionsQuery).data?.items;
  const own = useSignedIn().permissions;
  if (!all) return <Skeleton rows={4} height="h-10" />;
  const areas = Map.groupBy(all, (item) => item.permission.split(':')[0] ?? '');
  return [...areas].map(([area, items]) => (
    <CheckList
      key={area}
      legend={settingsText.roles.areas[area] ?? area}
      items={items.map(({ permission, meaning }) => ({
        value: permission,
        label: meaning,
        help: own.includes(permission) ? <span className="font-mono">{permission}</span> : settingsText.roles.cannotGive,
        isDisabled: !own.includes(permission) && !value.includes(permission),
      }))}
      value={value}
      onChange={onChange}
    />
  ));
}
