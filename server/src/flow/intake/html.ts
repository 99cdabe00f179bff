import { convert } from 'html-to-text';
import { cut } from './text.ts';

/** HTML is read up to here: what is nested to the end takes its reader quadratic time, 0.6 s for this much (100,000 tags took 3.6 s). */
const htmlCharsMax = 200 * 1024;
/** A tag is looked at up to here. */
const tagCharsMax = 4_000;
const nestingMax = 500;
/** More than this in one mail need not be marked one by one. */
const marksMax = 200;

/** What stands around text that its writer has hidden from people. */
const opening = ' [not visible to people: ';
const closing = '] ';

/**
 * HTML as text: no images, no scripts, links with their address. What is styled so that people do not see it is marked: who hides words from the
 * reader means them for somebody else. It shows tricks that are plain to see, and says nothing about what is hidden otherwise.
 */
export function htmlToText(html: string): { readonly text: string; readonly hasHidden: boolean } {
  const { html: marked, hasHidden } = markHidden(cut(html, htmlCharsMax));
  const text = convert(marked, {
    wordwrap: false,
    limits: { maxInputLength: htmlCharsMax + marksMax * (opening.length + closing.length), maxDepth: 200, maxChildNodes: 5_000 },
    selectors: [{ selector: 'img', format: 'skip' }],
  });
  // Hidden images, spacers and empty lines hide nothing.
  const kept = text.replaceAll(/ ?\[not visible to people: \s*\] ?/g, ' ').trim();
  return { text: kept, hasHidden: hasHidden && kept.includes(opening.trim()) };
}

/** Elements that have no end, and those whose content is no text. */
const voids = new Set(['area', 'base', 'br', 'col', 'embed', 'hr', 'img', 'input', 'link', 'meta', 'param', 'source', 'track', 'wbr']);
const wordless = new Set(['html', 'head', 'title', 'style', 'script', 'table', 'tbody', 'thead', 'tfoot', 'tr', 'ul', 'ol', 'select']);

interface Open {
  readonly name: string;
  readonly isHidden: boolean;
  readonly background: string;
}

/** Goes over the tags once. An end without a beginning, and a beginning without an end, only put a mark in another place. */
function markHidden(html: string): { html: string; hasHidden: boolean } {
  const open: Open[] = [];
  const out: string[] = [];
  let at = 0;
  let marks = 0;
  for (let start = html.indexOf('<'); start >= 0; start = html.indexOf('<', at)) {
    const end = html.indexOf('>', start);
    if (end < 0) break;
    const before = html.slice(at, start);
    const whole = html.slice(start, end + 1);
    at = end + 1;
    const [, slash, name = ''] = /^<(\/?)([a-z][a-z0-9]{0,20})/i.exec(whole.slice(0, 24)) ?? [];
    const element = name.toLowerCase();
    if (slash === '/') {
      const place = open.findLastIndex((one) => one.name === element);
      const closed = place < 0 ? [] : open.splice(place);
      // Before the end of the element, so that it stays in its line.
      out.push(before, closed.some(({ isHidden }) => isHidden) ? closing : '', whole);
      continue;
    }
    out.push(before, whole);
    if (element === '' || voids.has(element) || open.length === nestingMax || whole.endsWith('/>')) continue;
    const tag = whole.slice(0, tagCharsMax);
    const background = backgroundOf(tag) ?? open.at(-1)?.background ?? 'white';
    const isHidden = marks < marksMax && !wordless.has(element) && !open.some((one) => one.isHidden) && isUnseen(tag, background);
    open.push({ name: element, isHidden, background });
    if (isHidden) {
      out.push(opening);
      marks += 1;
    }
  }
  return { html: out.join('') + html.slice(at), hasHidden: marks > 0 };
}

/** Styles by which text is there and not seen. */
const unseen =
  /(?:^|[;"'\s{])(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*0*(?:\.0+)?\s*(?:[;"'!]|$)|font-size\s*:\s*(?:0*(?:\.\d+)?|0*[01](?:\.\d+)?px)\s*(?:px|pt|em|rem|%)?\s*(?:[;"'!]|$)|mso-hide\s*:\s*all|max-height\s*:\s*0|text-indent\s*:\s*-\d{3,}|(?:left|top)\s*:\s*-\d{3,}px|color\s*:\s*transparent)/i;

function isUnseen(tag: string, background: string): boolean {
  const style = attributeOf(tag, 'style');
  if (/\shidden(?=[\s=>/]|$)/i.test(tag.replace(/=\s*("[^"]*"|'[^']*')/g, '=""'))) return true;
  if (unseen.test(style)) return true;
  const colour = normal(
    /(?:^|[;\s])color\s*:\s*([^;!]{1,40})/i.exec(style)?.[1] ?? (/^<font\b/i.test(tag) ? attributeOf(tag, 'color') : ''),
  );
  return colour !== '' && colour === background;
}

function backgroundOf(tag: string): string | null {
  const style = attributeOf(tag, 'style');
  const colour = normal(/background(?:-color)?\s*:\s*([^;!]{1,60})/i.exec(style)?.[1] ?? attributeOf(tag, 'bgcolor'));
  return colour === '' ? null : colour;
}

const attributeOf = (tag: string, name: string): string => {
  const [, double, single, bare] = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, 'i').exec(tag) ?? [];
  return double ?? single ?? bare ?? '';
};

/** The usual ways to say one colour, as one. */
function normal(colour: string): string {
  const text = colour.trim().toLowerCase().replace(/\s+/g, '');
  if (/^(white|#fff|#ffffff|rgb\(255,255,255\)|rgba\(255,255,255,1(\.0+)?\)|hsl\(0,0%,100%\))$/.test(text)) return 'white';
  const [, red, green, blue] = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/.exec(text) ?? [];
  return red === undefined ? text : `#${red}${red}${green}${green}${blue}${blue}`;
}
