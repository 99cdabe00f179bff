import { stderr, stdin } from 'node:process';

const enter = /[\r\n]/;
const interrupt = '\u0003';
const endOfInput = '\u0004';
const backspace = /[\b\u007f]/;

/** Asks a person at the terminal for something and shows nothing of what they type or paste. */
export function askHidden(question: string): Promise<string> {
  stderr.write(question);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  return new Promise((resolve, reject) => {
    let typed = '';
    const end = (settle: () => void) => {
      stdin.off('data', onData);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write('\n');
      settle();
    };
    const onData = (data: string) => {
      for (const character of data) {
        if (character === interrupt) return end(() => reject(new Error('Nothing was stored.')));
        if (enter.test(character) || character === endOfInput) return end(() => resolve(typed));
        typed = backspace.test(character) ? [...typed].slice(0, -1).join('') : typed + character;
      }
    };
    stdin.on('data', onData);
    stdin.resume();
  });
}
