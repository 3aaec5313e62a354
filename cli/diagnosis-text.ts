import type { Diagnosis } from './diagnosis.ts';
import { counted, paint, type Terminal, wrap } from './terminal.ts';

/** Why a file holds no valid profile, a place and a way out each: `file:line:column`, which editors can jump to. */
export function diagnosisText(terminal: Terminal, file: string, problems: readonly Diagnosis[]): string {
  const blocks = problems.map((problem) => problemText(terminal, file, problem));
  const verdict = `${file} is not a valid profile: ${counted(problems.length, 'problem')} to mend. Exit 1.`;
  return `${[...blocks, '', paint(terminal, 'bold', verdict)].join('\n')}\n`;
}

function problemText(terminal: Terminal, file: string, { line, column, path, problem, fix }: Diagnosis): string {
  const where = `${file}:${line}:${column}:`;
  const what = wrap(terminal, `${path === '' ? '' : `${path}: `}${problem}`, '  ');
  return [paint(terminal, 'red', where), what, ...(fix === undefined ? [] : [wrap(terminal, fix, '  fix: ')])].join(
    '\n',
  );
}
