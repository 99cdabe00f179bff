import { FolderInput, Trash2 } from 'lucide-react';
import { vaultText } from '#text/vault.ts';
import type { PopupProps } from '../../ui/later-popup.tsx';
import { Menu, MenuItem } from '../../ui/menu.tsx';

const words = vaultText.edit;

/** What is seldom done to a note. Loaded when somebody reaches for it. */
export default function NoteMenu({ onMove, onDelete, ...popup }: PopupProps & { onMove: () => void; onDelete: () => void }) {
  return (
    <Menu {...popup}>
      <MenuItem icon={<FolderInput size={15} aria-hidden="true" />} onSelect={onMove}>
        {words.rename}
      </MenuItem>
      <MenuItem icon={<Trash2 size={15} aria-hidden="true" />} onSelect={onDelete}>
        {words.remove}
      </MenuItem>
    </Menu>
  );
}
