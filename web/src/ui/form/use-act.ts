import { useMutation, useQueryClient } from '@tanstack/react-query';
import { describeError } from '../feedback.tsx';
import { toast } from '../toast.tsx';

interface ActOptions<Input, Output> {
  /** First parts of the keys of what the act changes. */
  refresh?: readonly string[];
  /** What is said shortly when it is done. */
  said?: string | ((input: Input) => string);
  onDone?: (output: Output, input: Input) => unknown;
  /** Says a failure shortly as well, for acts that have no place on the page to show it. */
  toastsErrors?: boolean;
}

/** Something that changes data on the server: what it changed is fetched again, then said. */
export function useAct<Input = void, Output = unknown>(
  work: (input: Input) => Promise<Output>,
  { refresh = [], said, onDone, toastsErrors = false }: ActOptions<Input, Output> = {},
) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: work,
    onSuccess: async (output, input) => {
      await Promise.all(refresh.map((key) => client.invalidateQueries({ queryKey: [key] })));
      if (said !== undefined) toast(typeof said === 'string' ? said : said(input));
      await onDone?.(output, input);
    },
    onError: (error) => {
      if (toastsErrors) toast(describeError(error), { tone: 'bad' });
    },
  });
}
