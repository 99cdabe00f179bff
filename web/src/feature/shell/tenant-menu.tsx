import { Building2, Check, ChevronsUpDown, UserCog } from 'lucide-react';
import { text } from '#text/common.ts';
import { describeError } from '../../ui/feedback.tsx';
import { Mark } from '../../ui/mark.tsx';
import { Menu, MenuItem, MenuLabel } from '../../ui/menu.tsx';
import { toast } from '../../ui/toast.tsx';
import { changeTenant, useSignedIn } from '../session/session.ts';

/** The tenant's name; a menu for those who have another place to go. */
export function TenantMenu() {
  const { tenant, tenants = [], operator = false } = useSignedIn();
  const name = (
    <>
      <Mark size={22} />
      <span className="min-w-0 flex-1 text-left">
        <span className="block truncate font-semibold leading-4">{tenant.name}</span>
        <span className="block text-[0.6875rem] text-muted leading-4">{text.product}</span>
      </span>
    </>
  );
  if (tenants.length < 2 && !operator) return <div className="flex items-center gap-2 px-2">{name}</div>;
  const change = (id: string | null) => {
    if (id !== tenant.id) changeTenant(id).catch((error: unknown) => toast(describeError(error), { tone: 'bad' }));
  };
  return (
    <Menu
      label={`${text.nav.tenants}: ${tenant.name}`}
      trigger={
        <button type="button" className="flex items-center gap-2 rounded-control px-2 py-1 hover:bg-hover">
          {name}
          <ChevronsUpDown size={14} aria-hidden="true" className="shrink-0 text-muted" />
        </button>
      }
    >
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
