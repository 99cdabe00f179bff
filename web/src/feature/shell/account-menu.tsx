import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { CircleUser, Keyboard, Languages, LogOut, Monitor, Moon, Rows2, Rows4, Sun, UserRound } from 'lucide-react';
import { text } from '#text/common.ts';
import { describeError } from '../../ui/feedback.tsx';
import { Menu, MenuChoice, MenuItem, MenuLabel, MenuSeparator } from '../../ui/menu.tsx';
import { toast } from '../../ui/toast.tsx';
import { meKey, signOut, usePerson } from '../session/session.ts';
import { language, languages, setLanguage } from './language.ts';
import { setAppearance, useDensity, useTheme } from './theme.ts';

/** Who is signed in, the theme, and the way out. */
export function AccountMenu({ onHelp, withName = false }: { onHelp?: () => void; withName?: boolean }) {
  const me = usePerson();
  const navigate = useNavigate();
  const client = useQueryClient();
  const theme = useTheme();
  const density = useDensity();
  const leave = async () => {
    try {
      await signOut();
      client.setQueryData(meKey, null);
      client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== meKey[0] });
    } catch (error) {
      toast(describeError(error), { tone: 'bad' });
    }
  };
  const trigger = withName ? (
    <button
      type="button"
      className="flex h-8 min-w-0 flex-1 items-center gap-2 rounded-control px-2 text-muted hover:bg-hover hover:text-ink touch:h-11"
    >
      <CircleUser size={16} aria-hidden="true" className="shrink-0" />
      <span className="truncate">{me.principal.name}</span>
    </button>
  ) : (
    <button type="button" className="-mr-2 flex size-11 items-center justify-center text-muted">
      <CircleUser size={18} aria-hidden="true" />
    </button>
  );
  return (
    <Menu trigger={trigger} label={`${text.nav.account}: ${me.principal.name}`}>
      <MenuLabel>{me.principal.email ?? me.principal.name}</MenuLabel>
      <MenuChoice
        label={text.nav.theme}
        value={theme}
        onChange={(theme) => setAppearance({ theme })}
        choices={[
          { value: 'light', label: text.nav.themes.light, icon: <Sun size={15} aria-hidden="true" /> },
          { value: 'dark', label: text.nav.themes.dark, icon: <Moon size={15} aria-hidden="true" /> },
          { value: 'system', label: text.nav.themes.system, icon: <Monitor size={15} aria-hidden="true" /> },
        ]}
      />
      <MenuSeparator />
      <MenuChoice
        label={text.nav.density}
        value={density}
        onChange={(density) => setAppearance({ density })}
        choices={[
          { value: 'comfortable', label: text.nav.densities.comfortable, icon: <Rows2 size={15} aria-hidden="true" /> },
          { value: 'compact', label: text.nav.densities.compact, icon: <Rows4 size={15} aria-hidden="true" /> },
        ]}
      />
      <MenuSeparator />
      <MenuChoice
        label={text.nav.language}
        value={language}
        onChange={setLanguage}
        choices={languages.map(({ value, label }) => ({ value, label, icon: <Languages size={15} aria-hidden="true" /> }))}
      />
      <MenuSeparator />
      <MenuItem icon={<UserRound size={15} aria-hidden="true" />} onSelect={() => void navigate({ to: '/account' })}>
        {text.nav.yourAccount}
      </MenuItem>
      {onHelp && (
        <MenuItem icon={<Keyboard size={15} aria-hidden="true" />} onSelect={onHelp}>
          {text.nav.keyboard}
        </MenuItem>
      )}
      <MenuItem icon={<LogOut size={15} aria-hidden="true" />} onSelect={() => void leave()}>
        {text.nav.signOut}
      </MenuItem>
    </Menu>
  );
}
