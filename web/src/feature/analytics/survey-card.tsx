import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { analyticsText as words } from '#text/analytics.ts';
import { type SurveyQuestion, surveyQuestions } from '../../api/analytics.ts';
import { post } from '../../api/client.ts';
import { Button } from '../../ui/button.tsx';
import { Block } from '../../ui/form/block.tsx';
import { useAct } from '../../ui/form/use-act.ts';
import { surveyQuery } from './queries.ts';

/** Asks how the work is going, once a quarter, where somebody is to be asked. */
export function SurveyCard() {
  const client = useQueryClient();
  const standing = useQuery(surveyQuery);
  const [scores, setScores] = useState<Partial<Record<SurveyQuestion, number>>>({});
  const send = useAct((given: typeof scores) => post('/me/survey', { scores: given }), {
    toastsErrors: true,
    said: (given) => (Object.keys(given).length > 0 ? words.thanks : words.decline),
    onDone: () => client.setQueryData(surveyQuery.queryKey, (known) => known && { ...known, isDue: false }),
  });
  if (standing.data?.isDue !== true) return null;
  return (
    <Block title={words.surveyTitle} note={words.surveyText}>
      {surveyQuestions.map((question) => (
        <fieldset key={question} className="mb-4">
          <legend className="mb-1 font-medium">{words.questions[question]}</legend>
          <div className="flex flex-wrap gap-x-4 gap-y-1">
            {words.scores.map((label, at) => (
              <label key={label} className="flex min-h-8 items-center gap-1.5 touch:min-h-11">
                <input
                  type="radio"
                  name={question}
                  className="size-4 accent-accent"
                  checked={scores[question] === at + 1}
                  onChange={() => setScores({ ...scores, [question]: at + 1 })}
                />
                {label}
              </label>
            ))}
          </div>
        </fieldset>
      ))}
      <div className="flex gap-2">
        <Button look="primary" disabled={Object.keys(scores).length === 0 || send.isPending} onClick={() => send.mutate(scores)}>
          {words.send}
        </Button>
        <Button disabled={send.isPending} onClick={() => send.mutate({})}>
          {words.decline}
        </Button>
      </div>
    </Block>
  );
}
