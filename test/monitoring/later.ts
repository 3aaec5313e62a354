/** Loaded into a process before all else: at SIGUSR2 more than half an hour passes for it in a moment. */
const PASSES_MS = 40 * 60_000;
const now = performance.now.bind(performance);
let aheadMs = 0;

performance.now = () => now() + aheadMs;
process.on('SIGUSR2', () => {
  aheadMs += PASSES_MS;
});
