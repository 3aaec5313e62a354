/** Which known words a mistyped one may have meant. */

/** Known words near a mistyped one, the nearest first. A last part that is the same (`workers` for `backend.workers`) counts as near. */
export function nearest(typed: string, known: readonly string[], most = 3): string[] {
  const wanted = typed.toLowerCase();
  const farthest = Math.max(1, Math.floor(wanted.length / 3));
  const near = known
    .map((word) => ({ word, steps: stepsBetween(wanted, word.toLowerCase()) }))
    .filter(({ steps }) => steps <= farthest)
    .sort((a, b) => a.steps - b.steps);
  // Beside a very near word a farther one only confuses.
  const best = near[0]?.steps ?? 0;
  return near
    .filter(({ steps }) => steps <= best + 1)
    .slice(0, most)
    .map(({ word }) => word);
}

function stepsBetween(typed: string, known: string): number {
  const lastPart = known.slice(known.lastIndexOf('.') + 1);
  const typedLast = typed.slice(typed.lastIndexOf('.') + 1);
  // A right name in the wrong place is a smaller mistake than any wrong name of the same length, but one all the same.
  const misplaced = editDistance(typedLast, lastPart) + 0.5;
  return Math.min(editDistance(typed, known), misplaced);
}

/** Letters to insert, remove, replace, or swap with their neighbour. */
export function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  const cell = (row: number, column: number): number => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    rows.push(current);
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        cell(row - 1, column) + 1,
        cell(row, column - 1) + 1,
        cell(row - 1, column - 1) + (same ? 0 : 1),
        swapped ? cell(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
  }
  return cell(a.length, b.length);
}

/** `; did you mean backend.workers or edge.workerProcesses?`, or nothing where nothing is near. */
export function didYouMean(near: readonly string[]): string {
  return near.length === 0 ? '' : `; did you mean ${near.join(' or ')}?`;
}
