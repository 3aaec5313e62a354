import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { pitcrew } from './pitcrew.ts';

const plain = { columns: 100, colour: false };

async function script(shell: string): Promise<string> {
  const { stdout = '' } = await pitcrew(['completion', shell], {
    terminal: plain,
    errors: plain,
    readStdin: async () => '',
  });
  return stdout;
}

/** What bash offers behind the words; the last is the one being typed. */
async function offered(...words: string[]): Promise<string[]> {
  const ask = `COMP_WORDS=(pitcrew ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _pitcrew; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', `${await script('bash')}\n${ask}`], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
}

describe('bash', () => {
  it('completes commands, options, their words, and paths of fields', async () => {
    expect(await offered('')).toEqual(expect.arrayContaining(['check', 'explain', 'render', 'facts', '--version']));
    expect(await offered('ex')).toEqual(['explain']);
    expect(await offered('check', 'a.yaml', '--f')).toEqual(['--facts']);
    expect(await offered('check', 'a.yaml', '-o', 'j')).toEqual(['json']);
    expect(await offered('explain', 'a.yaml', 'backend.worker')).toEqual(['backend.workers', 'backend.workerClass']);
    expect(await offered('completion', '')).toEqual(['bash', 'zsh', 'fish']);
    expect(await offered('check', 'package.js')).toEqual(['package.json']);
    expect(await offered('import', '--nginx', 'package.js')).toEqual(['package.json']);
    expect(await offered('import', '-o', 'package.js')).toEqual(['package.json']);
    expect(await offered('import', 'package.js')).toEqual([]);
  });
});

describe('zsh and fish', () => {
  it.each(['zsh', 'fish'])('%s knows every command, option and path', async (shell) => {
    const text = await script(shell);
    for (const word of ['check', 'explain', 'facts', 'kubeconfig', 'text json yaml', 'backend.workers'])
      expect(text).toContain(word);
  });

  // Where the shell is there, it reads its script itself.
  it.each(['zsh', 'fish'])('%s can read it', async (shell) => {
    const { error, status, stderr } = spawnSync(shell, ['-n'], { input: await script(shell), encoding: 'utf8' });
    if (error === undefined) expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
