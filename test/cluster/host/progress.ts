/** One report about a step: it has begun, still runs, is done, has failed, or a remark. */
export interface ProgressEvent {
  state: 'begin' | 'tick' | 'done' | 'failed' | 'note';
  text: string;
  elapsedMs: number;
}

/** Receives the reports of a long job. */
export type OnProgress = (event: ProgressEvent) => void;

/** For callers that do not want to hear. */
export const silent: OnProgress = () => undefined;

const tickMs = 1_000;

/** Runs a step and reports its beginning, its seconds, and its end. */
export async function step<T>(onProgress: OnProgress, text: string, work: () => Promise<T>): Promise<T> {
  const start = Date.now();
  const report = (state: ProgressEvent['state']) => onProgress({ state, text, elapsedMs: Date.now() - start });
  report('begin');
  const ticker = setInterval(() => report('tick'), tickMs);
  try {
    const result = await work();
    report('done');
    return result;
  } catch (error) {
    report('failed');
    throw error;
  } finally {
    clearInterval(ticker);
  }
}

/** Reports a remark that is no step. */
export function note(onProgress: OnProgress, text: string): void {
  onProgress({ state: 'note', text, elapsedMs: 0 });
}
