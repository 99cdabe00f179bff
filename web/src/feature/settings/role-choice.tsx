import { settingsText } from '#text/settings.ts';
import type { Role } from '../../api/identity.ts';
import { CheckList } from '../../ui/form/check-list.tsx';

interface RoleChoiceProps {
  legend: string;
  roles: readonly Role[];
  value: readonly string[];
  onChange: (names: string[]) => void;
  help?: string;
}

/** One or more of the tenant's roles. */
export function RoleChoice({ legend, roles, value, onChange, help }: RoleChoiceProps) {
  return (
    <CheckList
      legend={legend}
      {...(help && { help })}
      columns
      items={roles.map((role) => ({ value: role.name, label: role.title, ...(!role.builtIn && { help: settingsText.roles.own }) }))}
      value={value}
      onChange={onChange}
      error={value.length === 0 ? settingsText.members.chooseRole : null}
    />
  );
}
