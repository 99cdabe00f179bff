import { useEffect, useRef } from 'react';

/** How long `g` waits for the letter after it. */
const chordMs = 1_200;

interface KeyboardActions {
  openPalette: () => void;
  openHelp: () => void;
  /** Called with the letter typed after `g`. */
  goTo: (letter: string) => void;
}

/**
 * The keyboard of the whole product. Rows are elements with `data-row` that hold a `data-row-link`; a key presses the button that names it
 * in `aria-keyshortcuts`, first in the row with the focus, then on the page outside all rows. So what a screen reader announces is what works.
 */
export function useKeyboard(actions: KeyboardActions): void {
  const latest = useRef(actions);
  useEffect(() => {
    latest.current = actions;
  });
  useEffect(() => {
    let chordUntilMs = 0;
    const onFocus = ({ target }: FocusEvent) => {
      if (target instanceof Element) place.remember(target);
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        latest.current.openPalette();
        return;
      }
      if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target) || document.querySelector('[data-modal]')) return;
      const isChord = Date.now() < chordUntilMs;
      chordUntilMs = !isChord && event.key === 'g' ? Date.now() + chordMs : 0;
      if (isChord) latest.current.goTo(event.key);
      else if (event.key === '?') latest.current.openHelp();
      else if (event.key === 'j' || event.key === 'k') moveRow(event.key === 'j' ? 1 : -1);
      else if (event.key.length !== 1 || !((event.key === '/' && focusFilter()) || press(event.key))) return;
      event.preventDefault();
    };
    document.addEventListener('keydown', onKey);
    document.addEventListener('focusin', onFocus);
    return () => {
      document.removeEventListener('keydown', onKey);
      document.removeEventListener('focusin', onFocus);
    };
  }, []);
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || target.matches('input:not([type=checkbox]), textarea, select, [role="menuitem"], [role="menuitemradio"]'));

const rowOf = (element: Element | null): Element | null => element?.closest('[data-row]') ?? null;

/** Where the focus was last in a list: a decision takes its button away, a snooze the whole row, and the next `j` goes on from there. */
const place = {
  row: null as Element | null,
  index: -1,
  page: '',
  remember(target: Element): void {
    const row = rowOf(target);
    if (row === null) return;
    this.row = row;
    this.page = location.pathname;
    this.index = [...document.querySelectorAll('[data-row]')].indexOf(row);
  },
};

function moveRow(step: 1 | -1): void {
  const rows = [...document.querySelectorAll('[data-row]')];
  const isLost = document.activeElement === document.body && place.row !== null && place.page === location.pathname;
  const at = rows.indexOf((isLost ? place.row : rowOf(document.activeElement)) ?? document.body);
  // Where the row is gone, the next one stands in its place.
  const target = at === -1 ? (isLost && step === 1 ? place.index : isLost ? place.index - 1 : 0) : at + step;
  const row = rows[Math.min(rows.length - 1, Math.max(0, target))];
  const link = row?.querySelector<HTMLElement>('[data-row-link]');
  link?.focus();
  link?.scrollIntoView({ block: 'nearest' });
}

/** Goes to what the page is filtered with; answers whether there is something. A button that opens it is pressed like any other. */
function focusFilter(): boolean {
  const filter = document.querySelector<HTMLElement>('[data-filter]');
  filter?.focus();
  return filter !== null;
}

function press(key: string): boolean {
  const row = rowOf(document.activeElement);
  if (key === 'o') {
    row?.querySelector<HTMLElement>('[data-row-link]')?.click();
    return row !== null;
  }
  const candidates = [...document.querySelectorAll<HTMLElement>(`[aria-keyshortcuts="${CSS.escape(key)}"]`)];
  const button = candidates.find((element) => row?.contains(element)) ?? candidates.find((element) => rowOf(element) === null);
  if (!button?.checkVisibility()) return false;
  button.focus();
  button.click();
  return true;
}
