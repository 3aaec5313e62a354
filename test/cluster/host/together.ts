/**
 * Runs jobs side by side, and fails with the first that failed, but only when all have come to their end:
 * whoever cleans up after a failure must not be overtaken by a job that still starts something.
 */
export async function together(...jobs: Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(jobs)) {
    if (result.status === 'rejected') throw result.reason;
  }
}
