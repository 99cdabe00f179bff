import { peopleText } from '#text/people.ts';
import { text } from '#text/work.ts';
import { SelectField } from '../../ui/form/select-field.tsx';
import { Section } from '../../ui/page.tsx';
import { OwnChanges } from '../change/own-changes.tsx';
import { isInTenant, usePerson } from '../session/session.ts';
import { language, languages, setLanguage } from '../shell/language.ts';
import { useDensity, useTheme } from '../shell/theme.ts';
import { useLook } from '../shell/use-look.ts';

const words = peopleText.account;

/** How the pages look to the person and what they read, wherever they sign in, with what they changed of it. */
export function LookSection() {
  const person = usePerson();
  const theme = useTheme();
  const density = useDensity();
  const look = useLook();
  return (
    <Section title={words.look} card={false}>
      <div className="grid gap-4 rounded-card border border-line bg-panel p-4 *:mb-0 sm:grid-cols-3">
        <SelectField
          label={text.nav.theme}
          choices={themes}
          value={theme}
          onChange={(event) => {
            const chosen = themes.find(({ value }) => value === event.target.value);
            if (chosen) look({ theme: chosen.value });
          }}
        />
        <SelectField
          label={text.nav.density}
          choices={densities}
          value={density}
          onChange={(event) => {
            const chosen = densities.find(({ value }) => value === event.target.value);
            if (chosen) look({ density: chosen.value });
          }}
        />
        <SelectField
          label={words.languageOf}
          help={words.languageHelp}
          choices={languages}
          value={language}
          onChange={(event) => {
            const chosen = languages.find(({ value }) => value === event.target.value);
            if (chosen) void setLanguage(chosen.value);
          }}
        />
      </div>
      {isInTenant(person) && !person.pending && <OwnChanges topics={['appearance', 'language']} />}
    </Section>
  );
}

const themes = (['light', 'dark', 'system'] as const).map((value) => ({ value, label: text.nav.themes[value] }));
const densities = (['comfortable', 'compact'] as const).map((value) => ({ value, label: text.nav.densities[value] }));
