import { describe, expect, it } from 'vitest';
import { parseArguments } from './arguments.ts';
import { COMMAND_NAMES, COMMANDS } from './manual.ts';

describe('parseArguments', () => {
  it('takes options before, between and after the arguments, long and short', () => {
    const request = { positionals: ['a.yaml', 'backend'], options: { facts: 'f.yaml', output: 'json' } };
    for (const line of [
      'explain a.yaml backend --facts f.yaml -o json',
      'explain --facts=f.yaml -ojson a.yaml backend',
      'explain a.yaml --output json backend --facts f.yaml',
    ]) {
      expect(parseArguments(line.split(' '))).toEqual({ show: 'command', name: 'explain', request });
    }
  });

  it('takes - as a file', () => {
    expect(parseArguments(['check', '-'])).toMatchObject({ request: { positionals: ['-'] } });
  });

  it.each([
    [[], { show: 'overview' }],
    [['--help'], { show: 'overview' }],
    [['help'], { show: 'overview' }],
    [['help', 'check'], { show: 'help', name: 'check' }],
    [['check', '--help'], { show: 'help', name: 'check' }],
    [['check', 'a.yaml', '-h'], { show: 'help', name: 'check' }],
    [['--version'], { show: 'version' }],
  ])('%j', (args, asked) => {
    expect(parseArguments(args)).toEqual(asked);
  });

  it.each([
    ['chekc a.yaml', 'no command chekc; did you mean check?'],
    ['frobnicate', 'no command frobnicate; the commands are check, explain, render, facts, import, completion, help'],
    ['help chek', 'no command chek; did you mean check?'],
    ['--facts f check', 'no option --facts before a command'],
    ['check', 'check needs FILE; for example: pitcrew check profile.yaml'],
    ['check a b', 'check does not know what to do with b'],
    ['check a --fact f', 'check has no option --fact; did you mean --facts?'],
    ['completion bash --facts f', 'completion has no option --facts; it takes none'],
    ['check a -o xml', '-o xml: it is one of text, json, yaml'],
    ['check a --facts', '--facts needs a value: --facts FACTS'],
    ['render a -o text', '-o text: it is one of yaml, json'],
  ])('refuses `%s` and says what to write', (line, message) => {
    expect(() => parseArguments(line.split(' '))).toThrow(message);
  });

  it('understands every example of the help', () => {
    for (const name of COMMAND_NAMES) {
      for (const [example] of COMMANDS[name].examples) {
        const [, words = ''] = /pitcrew ([^|<>)]+)/.exec(example) ?? [];
        expect(() => parseArguments(words.trim().split(' ')), example).not.toThrow();
      }
    }
  });
});
