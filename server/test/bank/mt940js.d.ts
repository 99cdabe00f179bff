/** The part of mt940js that our tests use; it comes without types. */
declare module 'mt940js' {
  export class Parser {
    parse(text: string): unknown;
  }
}
