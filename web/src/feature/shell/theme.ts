import { useSyncExternalStore } from 'react';
import { put } from '../../api/client.ts';
import type { Appearance } from '../../api/types.ts';

export type Theme = Appearance['theme'];
export type Density = Appearance['density'];

// The same keys are read by public/start.js before the first paint.
const themeKey = 'factotum.theme';
const densityKey = 'factotum.density';
const systemIsDark = matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();

const isTheme = (value: string | null): value is Theme => value === 'light' || value === 'dark' || value === 'system';

function readTheme(): Theme {
  const stored = localStorage.getItem(themeKey);
  return isTheme(stored) ? stored : 'system';
}

const readDensity = (): Density => (localStorage.getItem(densityKey) === 'compact' ? 'compact' : 'comfortable');

function apply(): void {
  const theme = readTheme();
  const { classList } = document.documentElement;
  classList.toggle('dark', theme === 'dark' || (theme === 'system' && systemIsDark.matches));
  classList.toggle('compact', readDensity() === 'compact');
}

systemIsDark.addEventListener('change', apply);

/** Shows things as somebody has chosen, here and the next time that this browser opens the page. */
export function showAppearance({ theme, density }: Appearance): void {
  localStorage.setItem(themeKey, theme);
  localStorage.setItem(densityKey, density);
  apply();
  for (const listener of listeners) listener();
}

/** The same for a new choice, which goes with the person to their other browsers. Ends when it is kept, or could not be. */
export async function setAppearance(choice: Partial<Appearance>): Promise<void> {
  const appearance = { theme: readTheme(), density: readDensity(), ...choice };
  showAppearance(appearance);
  // Here it is shown already; another browser shows it after the next choice that gets through.
  await put('/me/appearance', appearance).catch((error: unknown) => console.debug(error));
}

const useStored = <T extends string>(read: () => T): T =>
  useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, read);

export const useTheme = (): Theme => useStored(readTheme);
export const useDensity = (): Density => useStored(readDensity);
