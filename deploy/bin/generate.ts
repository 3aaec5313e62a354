import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { DEFAULT_IMAGE } from '../operator.ts';
import { renderInstall } from '../render.ts';

/** Writes deploy/install.yaml, or with --image prints the same for another image. A test fails when the committed file differs. */
const { values } = parseArgs({ options: { image: { type: 'string' } } });
if (values.image === undefined) {
  writeFileSync(new URL('../install.yaml', import.meta.url), renderInstall({ image: DEFAULT_IMAGE }));
} else {
  process.stdout.write(renderInstall({ image: values.image }));
}
