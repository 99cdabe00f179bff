import { Ellipsis, type LucideIcon } from 'lucide-react';
import { laterPopup } from './later-popup.tsx';

/** Something that is seldom done with a row. */
export interface RowAct {
  icon: LucideIcon;
  label: string;
  onSelect: () => void;
}

const List = laterPopup('menu', () => import('./row-menu-list.tsx'));

/** What is seldom done with a row of a list, behind one button: what is often done stands beside it. */
export function RowMenu({ label, acts }: { label: string; acts: readonly RowAct[] }) {
  return (
    <List
      label={label}
      face={<Ellipsis size={16} aria-hidden="true" />}
      className="inline-flex size-8 items-center justify-center rounded-control text-muted hover:bg-hover hover:text-ink touch:size-11"
      acts={acts}
    />
  );
}
