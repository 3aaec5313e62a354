/** Whatever is refused or undone over and over is tried again, at the latest after this. */
const LONGEST_PAUSE_MS = 300_000;

/** The pause after so many times in a row, at least once: the first one, then twice as long each time, up to 5 minutes. Pure. */
export const growingPauseMs = (firstMs: number, times: number): number =>
  Math.min(LONGEST_PAUSE_MS, firstMs * 2 ** (times - 1));
