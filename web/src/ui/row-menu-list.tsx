import type { PopupProps } from './later-popup.tsx';
import { Menu, MenuItem } from './menu.tsx';
import type { RowAct } from './row-menu.tsx';

/** The menu of a row. Loaded when somebody reaches for it. */
export default function RowMenuList({ acts, ...popup }: PopupProps & { acts: readonly RowAct[] }) {
  return (
    <Menu {...popup}>
      {acts.map(({ icon: Icon, label, onSelect }) => (
        <MenuItem key={label} icon={<Icon size={15} aria-hidden="true" />} onSelect={onSelect}>
          {label}
        </MenuItem>
      ))}
    </Menu>
  );
}
