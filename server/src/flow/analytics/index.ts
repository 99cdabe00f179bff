/** The door to analytics: figures of days, counted from the log, what they are worth, and what people say of the work. */
export type { Counted } from './count.ts';
export { type Analytics, type AnswerGroup, type CostGroup, type Figures, readFigures } from './figures.ts';
export { selectVolumes, type TenantVolume } from './figures-store.ts';
export { countUp, createAnalyticsKeeper } from './keeper.ts';
export { addDays, type BucketSize, bucketSizes, isDayText } from './period.ts';
export { forgetTurn, readStanding, readSurvey, type SurveyResult, surveyQuestions, takeAnswers } from './survey.ts';
export { csvOf, tableNames } from './table.ts';
