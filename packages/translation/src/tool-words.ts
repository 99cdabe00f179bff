/** What a tool of ours is called in another language, what follows from it, and how a call of it is said in one line. */
export interface ToolWords {
  readonly title: string;
  readonly consequence: string;
  /** The titles of its arguments, by their names. */
  readonly fields: Readonly<Record<string, string>>;
  /** What one of several calls in one is called. */
  readonly part?: string;
  /** Null: what was said in English stays, because a value is not what it should be. */
  readonly headline: (args: Shown) => string | null;
}

/** The arguments of a call as they are shown in English, by name; "" where there is none. */
export type Args = (name: string) => string;

/** The same arguments for readers of another place. */
export interface Shown {
  readonly text: Args;
  /** An amount with the signs of the place. */
  readonly amount: Args;
  /** A day, or a minute of the clock that it was said by. */
  readonly time: Args;
}
