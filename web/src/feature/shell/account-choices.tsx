import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { BookOpen, Keyboard, Languages, LogOut, Monitor, Moon, Rows2, Rows4, Sun, UserRound } from 'lucide-react';
import { text } from '#text/work.ts';
import { describeError } from '../../ui/feedback.tsx';
import type { PopupProps } from '../../ui/later-popup.tsx';
import { Menu, MenuChoice, MenuItem, MenuLabel, MenuSeparator } from '../../ui/menu.tsx';
import { toast } from '../../ui/toast.tsx';
import { meKey, signOut, usePerson } from '../session/session.ts';
import { language, languages, setLanguage } from './language.ts';
import { useDensity, useTheme } from './theme.ts';
import { useLook } from './use-look.ts';

/** What the menu of who is signed in offers: how everything looks, the account, and the way out. Loaded when somebody reaches for it. */
export default function AccountChoices({ onHelp, ...popup }: PopupProps & { onHelp?: () => void }) {
  const me = usePerson();
  const navigate = useNavigate();
  const client = useQueryClient();
  const theme = useTheme();
  const density = useDensity();
  const look = useLook();
  const leave = async () => {
    try {
      await signOut();
      client.setQueryData(meKey, null);
      client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== meKey[0] });
    } catch (error) {
      toast(describeError(error), { tone: 'bad' });
    }
  };
  return (
    <Menu {...popup}>
      <MenuLabel>{me.principal.email ?? me.principal.name}</MenuLabel>
      <MenuChoice
        label={text.nav.theme}
        value={theme}
        onChange={(theme) => look({ theme })}
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
        onChange={(density) => look({ density })}
        choices={[
          { value: 'comfortable', label: text.nav.densities.comfortable, icon: <Rows2 size={15} aria-hidden="true" /> },
          { value: 'compact', label: text.nav.densities.compact, icon: <Rows4 size={15} aria-hidden="true" /> },
        ]}
      />
      <MenuSeparator />
      <MenuChoice
        label={text.nav.language}
        value={language}
        onChange={(chosen) => void setLanguage(chosen)}
        choices={languages.map(({ value, label }) => ({ value, label, icon: <Languages size={15} aria-hidden="true" /> }))}
      />
      <MenuSeparator />
      <MenuItem icon={<UserRound size={15} aria-hidden="true" />} onSelect={() => void navigate({ to: '/account' })}>
        {text.nav.yourAccount}
      </MenuItem>
      <MenuItem icon={<BookOpen size={15} aria-hidden="true" />} onSelect={() => void navigate({ to: '/help' })}>
        {text.nav.help}
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
