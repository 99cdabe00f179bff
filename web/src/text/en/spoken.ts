/** What the server says in its own words is English already. */
export const spoken = <T>(answer: T): T => answer;
export const spokenProblem = ({ message }: { code: string; message: string; details: Record<string, unknown> }): string => message;
