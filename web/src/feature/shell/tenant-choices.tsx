import { Building2, Check, UserCog } from 'lucide-react';
import { text } from '#text/work.ts';
import { describeError } from '../../ui/feedback.tsx';
import type { PopupProps } from '../../ui/later-popup.tsx';
import { Menu, MenuItem, MenuLabel } from '../../ui/menu.tsx';
import { toast } from '../../ui/toast.tsx';
import { changeTenant, useSignedIn } from '../session/session.ts';

/** The other places that somebody may go to. Loaded when they reach for it. */
export default function TenantChoices(popup: PopupProps) {
  const { tenant, tenants = [], operator = false } = useSignedIn();
  const change = (id: string | null) => {
    if (id !== tenant.id) changeTenant(id).catch((error: unknown) => toast(describeError(error), { tone: 'bad' }));
  };
  return (
    <Menu {...popup}>
      <MenuLabel>{text.nav.tenants}</MenuLabel>
      {tenants.map(({ id, name: other }) => (
        <MenuItem
          key={id}
          icon={id === tenant.id ? <Check size={15} aria-hidden="true" /> : <Building2 size={15} aria-hidden="true" />}
          onSelect={() => change(id)}
        >
          {other}
        </MenuItem>
      ))}
      {operator && (
        <MenuItem icon={<UserCog size={15} aria-hidden="true" />} onSelect={() => change(null)}>
          {text.nav.operator}
        </MenuItem>
      )}
    </Menu>
  );
}
