import { useSyncExternalStore } from 'react';

export type Theme = 'light' | 'dark' | 'system';

// The same key is read by public/theme.js before the first paint.
const storageKey = 'factotum.theme';
const systemIsDark = matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();

const isTheme = (value: string | null): value is Theme => value === 'light' || value === 'dark' || value === 'system';

function readTheme(): Theme {
  const stored = localStorage.getItem(storageKey);
  return isTheme(stored) ? stored : 'system';
}

function apply(): void {
  const theme = readTheme();
  document.documentElement.classList.toggle('dark', theme === 'dark' || (theme === 'system' && systemIsDark.matches));
}

systemIsDark.addEventListener('change', apply);

/** Chooses the theme and keeps the choice in this browser. */
export function setTheme(theme: Theme): void {
  localStorage.setItem(storageKey, theme);
  apply();
  for (const listener of listeners) listener();
}

export function useTheme(): Theme {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, readTheme);
}
