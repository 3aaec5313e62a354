import { expect, it } from 'vitest';
import { merged } from './merged.ts';

interface Observer {
  readonly one?: (text: string) => void;
  readonly two?: () => void;
}

it('tells each observer that wants to know, in order', () => {
  const told: string[] = [];
  const first: Observer = { one: (text) => told.push(`first ${text}`) };
  const second: Observer = { one: (text) => told.push(`second ${text}`), two: () => told.push('two') };
  const both = merged(first, second, {});
  both.one?.('a');
  both.two?.();
  expect(told).toEqual(['first a', 'second a', 'two']);
  expect(merged<Observer>({}, {}).one).toBeUndefined();
});
