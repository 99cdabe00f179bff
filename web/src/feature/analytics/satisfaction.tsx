import { Download, Smile } from 'lucide-react';
import { analyticsText as words } from '#text/analytics.ts';
import type { SurveyResult } from '../../api/analytics.ts';
import { buttonClass } from '../../ui/button.tsx';
import { Empty } from '../../ui/feedback.tsx';
import { Section } from '../../ui/page.tsx';
import { FigureTable } from './figure-table.tsx';
import { asCount, asPoint } from './format.ts';

/** What people have said, by quarter and question. Only what enough of them stand behind comes from the server. */
export function Satisfaction({ results, href }: { results: readonly SurveyResult[]; href: string }) {
  return (
    <Section
      title={words.charts.satisfaction}
      side={
        results.length > 0 && (
          <a href={href} download aria-label={words.csvOf(words.charts.satisfaction)} className={buttonClass('plain', 'small')}>
            <Download size={13} aria-hidden="true" />
            {words.csv}
          </a>
        )
      }
    >
      {results.length === 0 ? (
        <Empty icon={<Smile size={18} aria-hidden="true" />} title={words.noAnswers}>
          {words.noAnswersText}
        </Empty>
      ) : (
        <FigureTable
          caption={words.charts.satisfaction}
          head={[words.question, words.quarter, words.mean, words.answers, ...words.scores]}
          lines={results.map(({ quarter, question, mean, answers, counts }) => ({
            key: `${question} ${quarter}`,
            cells: [words.questions[question], asPoint(quarter, 'month'), asCount(mean), asCount(answers), ...counts.map(asCount)],
          }))}
        />
      )}
    </Section>
  );
}
