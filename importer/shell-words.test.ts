import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { migrationOf, serverIn } from './server-command.ts';
import { commandsOf, lineOf, wordsOf } from './shell-words.ts';

/** What the shell itself makes of a line. */
function inShell(line: string): string[] {
  const { stdout } = spawnSync('sh', ['-fc', `printf '%s\\0' ${line}`], { encoding: 'utf8' });
  return stdout.split('\0').slice(0, -1);
}

describe('words', () => {
  it.each(['a b', `a 'b c' "d e"`, `a\\ b "c\\"d" 'e\\f'`, `"a"'b'c`, `--x="y z"`, `'' ""`, 'a\\\n  b'])(
    '%j are those of the shell',
    (line) => {
      expect(wordsOf(line)).toEqual(inShell(line));
      expect(commandsOf(line)[0]?.words).toEqual(inShell(line));
    },
  );

  it('are read whatever they hold', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        (text) => Array.isArray(wordsOf(text)) && Array.isArray(commandsOf(text)),
      ),
    );
  });

  it('come back from a line as they were', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1 }), (words) => {
        expect(commandsOf(lineOf([{ words, joint: '' }]))).toEqual([{ words, joint: '' }]);
      }),
    );
  });
});

describe('commands', () => {
  it('are parted by operators, comments aside', () => {
    const joints = commandsOf('a && b || c; d | e & (f)\n\n# g\nh').map(
      ({ words, joint }) => `${joint} ${words.join(' ')}`,
    );
    expect(joints).toEqual([' a', '&& b', '|| c', '; d', '| e', '& f', '; h']);
  });
});

it('a command within a word is part of it', () => {
  expect(commandsOf('a=$(cat b | c (d)) && e').map(({ words }) => words)).toEqual([['a=$(cat b | c (d))'], ['e']]);
});

describe('the server', () => {
  it.each([
    [['gunicorn', 'a:b'], 'gunicorn', []],
    [['sh', '-c', 'alembic upgrade head && exec /venv/bin/uvicorn a:b'], 'uvicorn', ['alembic upgrade head']],
    [['python', '-m', 'gunicorn', 'a:b'], 'gunicorn', []],
    [['bash', '-lc', 'x=1 poetry run gunicorn a:b'], 'gunicorn', []],
    [['./wait-for-it.sh', 'db:5432', '--', 'gunicorn', 'a:b'], 'gunicorn', ['./wait-for-it.sh db:5432 --']],
  ])('of %j is %s', (words, program, before) => {
    const server = serverIn(undefined, words);
    expect(server).toMatchObject({ program, words: ['a:b'], wrappers: [] });
    expect(server?.before.map((step) => step.words.join(' '))).toEqual(before);
  });

  it.each([[['python', 'manage.py', 'runserver']], [['./start.sh']], [[]]])('is not in sight in %j', (words) => {
    expect(serverIn(undefined, words)).toBeUndefined();
  });

  it('may be wrapped by a program, which is said', () => {
    expect(serverIn(['newrelic-admin', 'run-program'], ['gunicorn', 'a:b'])?.wrappers).toEqual([
      'newrelic-admin',
      'run-program',
    ]);
  });
});

describe('a migration', () => {
  it('is words where it is one command, and a line for a shell where it is more', () => {
    expect(migrationOf(commandsOf('python seed.py'))).toEqual(['python', 'seed.py']);
    expect(migrationOf(commandsOf('exec python seed.py'))).toEqual(['python', 'seed.py']);
    expect(migrationOf(commandsOf('A=1 python seed.py'))).toEqual(['sh', '-c', 'A=1 python seed.py']);
    expect(migrationOf(commandsOf("a 'b c' && d || e"))).toEqual(['sh', '-c', "a 'b c' && d || e"]);
  });
});
