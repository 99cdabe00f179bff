/** The same words in another language: every key of the English catalogue, and functions of the same values. */
export type Translation<T> = T extends string
  ? string
  : T extends (...values: infer Values) => string
    ? (...values: Values) => string
    : { [Key in keyof T]: Translation<T[Key]> };
