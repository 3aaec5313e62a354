import { expect, test } from 'vitest';
import { blockOfAddress, chooseLink, linkOfBlock } from './addresses.ts';

test('blocks run from the first to the last address of 198.18.0.0/15', () => {
  expect(linkOfBlock(0)).toEqual({ hostAddress: '198.18.0.1', nodeAddress: '198.18.0.2', prefixLength: 30 });
  expect(linkOfBlock(2 ** 15 - 1)).toMatchObject({ hostAddress: '198.19.255.253', nodeAddress: '198.19.255.254' });
});

test('both addresses of a block lead back to it, and others to none', () => {
  for (const block of [0, 1, 777, 2 ** 15 - 1]) {
    const link = linkOfBlock(block);
    expect([blockOfAddress(link.hostAddress), blockOfAddress(link.nodeAddress)]).toEqual([block, block]);
  }
  for (const other of ['198.17.255.255', '198.20.0.0', '10.0.0.1', 'fe80::1', '', '198.18.0.999']) {
    expect(blockOfAddress(other)).toBeUndefined();
  }
});

test('a cluster keeps its block while it is free, and moves to the next when it is not', () => {
  const first = chooseLink('pitcrew', []);
  expect(chooseLink('pitcrew', ['127.0.0.1', '192.0.2.2'])).toEqual(first);
  const second = chooseLink('pitcrew', [first.hostAddress]);
  expect(blockOfAddress(second.hostAddress)).toBe(((blockOfAddress(first.hostAddress) ?? 0) + 1) % 2 ** 15);
});
