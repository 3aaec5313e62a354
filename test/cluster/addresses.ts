import { createHash } from 'node:crypto';

/** The two ends of a cluster's link to the host. */
export interface Link {
  hostAddress: string;
  nodeAddress: string;
  prefixLength: 30;
}

/** 198.18.0.0/15 is set aside for measurements between networks (RFC 2544): no real network uses it. */
const base = 198 * 2 ** 24 + 18 * 2 ** 16;
const blocks = 2 ** 15;

/** The block with this number, of four addresses: network, host, node, broadcast. */
export function linkOfBlock(block: number): Link {
  const network = base + block * 4;
  return { hostAddress: dotted(network + 1), nodeAddress: dotted(network + 2), prefixLength: 30 };
}

/** The number of the block an address lies in; undefined outside 198.18.0.0/15. */
export function blockOfAddress(address: string): number | undefined {
  const parts = address.split('.').map(Number);
  if (parts.length !== 4 || parts.some((part) => !(part >= 0 && part <= 255))) return undefined;
  const number = parts.reduce((sum, part) => sum * 256 + part, 0);
  const block = Math.floor((number - base) / 4);
  return block >= 0 && block < blocks ? block : undefined;
}

/** Chooses a free block for a cluster: the same one each time as long as no neighbour has it. */
export function chooseLink(id: string, usedAddresses: readonly string[]): Link {
  const used = new Set(usedAddresses.map(blockOfAddress));
  const wish = createHash('sha256').update(id).digest().readUInt32BE(0) % blocks;
  for (let distance = 0; distance < blocks; distance++) {
    const block = (wish + distance) % blocks;
    if (!used.has(block)) return linkOfBlock(block);
  }
  throw new Error('every block of 198.18.0.0/15 is in use');
}

function dotted(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}
