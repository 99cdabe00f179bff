/** What the server itself writes to people, in their language and with the dates, numbers and amounts of their place. */
export { bytesIn, dayIn, daysIn, momentIn, moneyIn, numberIn, spanIn } from './format.ts';
export { headlineIn } from './headline.ts';
export { type Language, languageOf, languages, localeFor } from './language.ts';
export { wordsIn } from './words.ts';
