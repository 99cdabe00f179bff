import { useQueryClient } from '@tanstack/react-query';
import type { Appearance } from '../../api/types.ts';
import { setAppearance } from './theme.ts';

/** Shows things as somebody chooses, and reads their changes anew wherever these are on the screen. */
export function useLook(): (choice: Partial<Appearance>) => void {
  const client = useQueryClient();
  return (choice) => void setAppearance(choice).then(() => client.invalidateQueries({ queryKey: ['own-changes'] }));
}
