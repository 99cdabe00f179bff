import { X } from 'lucide-react';
import { securityText } from '#text/security.ts';
import { IconButton } from '../../ui/button.tsx';
import { TextField } from '../../ui/field.tsx';
import { NewButton } from '../../ui/form/new-button.tsx';
import { SelectField } from '../../ui/form/select-field.tsx';

const words = securityText.groups;

export interface GroupRule {
  group: string;
  role: string;
}

interface RuleListProps {
  rules: readonly GroupRule[];
  roles: readonly { value: string; label: string }[];
  onChange: (rules: GroupRule[]) => void;
}

/** Groups of a directory, each with the role that it brings. */
export function RuleList({ rules, roles, onChange }: RuleListProps) {
  const set = (at: number, part: Partial<GroupRule>) => onChange(rules.map((rule, i) => (i === at ? { ...rule, ...part } : rule)));
  return (
    <div className="mb-4 border-line border-l-2 pl-4">
      {rules.map((rule, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rules have no id, and what is typed into one must not make it another
        <div key={at} className="mb-3 flex items-end gap-2">
          <div className="min-w-0 flex-1">
            <TextField
              label={words.number(at + 1)}
              required
              value={rule.group}
              onChange={(event) => set(at, { group: event.target.value })}
            />
          </div>
          <div className="min-w-0 flex-1">
            <SelectField
              label={words.role(at + 1)}
              value={rule.role}
              choices={roles}
              onChange={(event) => set(at, { role: event.target.value })}
            />
          </div>
          <IconButton label={words.remove(rule.group)} onClick={() => onChange(rules.filter((_, i) => i !== at))}>
            <X size={15} aria-hidden="true" />
          </IconButton>
        </div>
      ))}
      <NewButton small label={words.add} onClick={() => onChange([...rules, { group: '', role: roles[0]?.value ?? 'member' }])} />
    </div>
  );
}
