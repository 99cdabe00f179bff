import { useNavigate } from '@tanstack/react-router';
import type { PopupProps } from '../../ui/later-popup.tsx';
import { Menu, MenuItem } from '../../ui/menu.tsx';
import type { Place } from './navigation.tsx';

/** The menu of a phone's bar. Loaded when somebody reaches for it. */
export default function MorePlaces({ places, ...popup }: PopupProps & { places: Place[] }) {
  const navigate = useNavigate();
  return (
    <Menu {...popup}>
      {places.map(({ to, label, icon }) => (
        <MenuItem key={to} icon={icon(15)} onSelect={() => void navigate({ to })}>
          {label}
        </MenuItem>
      ))}
    </Menu>
  );
}
