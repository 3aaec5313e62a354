import { describe, expect, it } from 'vitest';
import { commandText, overviewText } from './help-text.ts';
import { COMMAND_NAMES, COMMANDS } from './manual.ts';

const terminal = { columns: 80, colour: false };

describe('help', () => {
  it('names every command and the exit codes', () => {
    const text = overviewText(terminal);
    for (const name of COMMAND_NAMES) expect(text).toContain(`\n  ${name}`);
    expect(text).toContain('Exit codes');
  });

  it.each(COMMAND_NAMES)('teaches %s with an example and every option', (name) => {
    const text = commandText(terminal, name);
    expect(text).toContain(
      `  pitcrew ${name}`.replace('pitcrew completion', 'source <(pitcrew completion').trimStart(),
    );
    for (const option of Object.keys(COMMANDS[name].options)) expect(text).toContain(`--${option}`);
  });

  it('stays within the terminal, commands to paste aside', () => {
    const lines = [overviewText(terminal), ...COMMAND_NAMES.map((name) => commandText(terminal, name))]
      .join('\n')
      .split('\n');
    expect(lines.filter((line) => line.length > 80 && !line.includes('pitcrew '))).toEqual([]);
  });
});
