import { Plus } from 'lucide-react';
import { Button } from '../button.tsx';

interface NewButtonProps {
  /** What is made, such as New schedule. */
  label: string;
  onClick: () => void;
  /** For a part of a page; else it is the page's main act. */
  small?: boolean;
}

/** The button that makes one more of what a list holds. */
export function NewButton({ label, onClick, small = false }: NewButtonProps) {
  return (
    <Button look={small ? 'plain' : 'primary'} size={small ? 'small' : 'normal'} onClick={onClick}>
      <Plus size={small ? 13 : 14} aria-hidden="true" />
      {label}
    </Button>
  );
}
