import { ChevronsUpDown } from 'lucide-react';
import { text } from '#text/work.ts';
import { laterPopup } from '../../ui/later-popup.tsx';
import { Mark } from '../../ui/mark.tsx';
import { useSignedIn } from '../session/session.ts';

const Choices = laterPopup('menu', () => import('./tenant-choices.tsx'));

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
  return (
    <Choices
      label={`${text.nav.tenants}: ${tenant.name}`}
      className="flex items-center gap-2 rounded-control px-2 py-1 hover:bg-hover"
      face={
        <>
          {name}
          <ChevronsUpDown size={14} aria-hidden="true" className="shrink-0 text-muted" />
        </>
      }
    />
  );
}
