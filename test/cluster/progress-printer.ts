import type { OnProgress, ProgressEvent } from './host/progress.ts';

/** The part of a terminal's stream that is needed here. */
export interface Screen {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

const plainTickMs = 30_000;
/** A step that is over at once is not worth a line in a log. */
const quietMs = 300;

/** Prints progress: one updating line on a terminal, plain lines elsewhere. */
export function progressPrinter(screen: Screen): OnProgress {
  return screen.isTTY ? terminalPrinter(screen) : plainPrinter(screen);
}

function terminalPrinter(screen: Screen): OnProgress {
  return (event) => {
    if (event.state === 'done' && event.elapsedMs < quietMs) return void screen.write('\r\u001b[K');
    const open = event.state === 'begin' || event.state === 'tick';
    const line = describe(event).slice(0, (screen.columns || 80) - 1);
    screen.write(`\r\u001b[K${line}${open ? '' : '\n'}`);
  };
}

function plainPrinter(screen: Screen): OnProgress {
  let lastLine = Date.now();
  return (event) => {
    if (event.state === 'begin' || (event.state === 'done' && event.elapsedMs < quietMs)) return;
    if (event.state === 'tick' && Date.now() - lastLine < plainTickMs) return;
    lastLine = Date.now();
    screen.write(`${describe(event)}\n`);
  };
}

/** One line for one report. */
export function describe(event: ProgressEvent): string {
  const seconds = `${(event.elapsedMs / 1000).toFixed(1)} s`;
  switch (event.state) {
    case 'begin':
      return `… ${event.text}`;
    case 'tick':
      return `… ${event.text}  ${Math.round(event.elapsedMs / 1000)} s`;
    case 'done':
      return `✓ ${event.text}  ${seconds}`;
    case 'failed':
      return `✗ ${event.text}  ${seconds}`;
    case 'note':
      return `· ${event.text}`;
  }
}
