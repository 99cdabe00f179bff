export { textClassify } from './classify.ts';
