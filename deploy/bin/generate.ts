import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { renderInstall } from '../install.ts';
import { GENERATED } from './generated-files.ts';

/** Writes the install channels, or with --image prints install.yaml for another image. A test fails when committed files differ. */
const { values } = parseArgs({ options: { image: { type: 'string' } } });
if (values.image === undefined) {
  for (const { file, text } of GENERATED) {
    const path = fileURLToPath(new URL(`../../${file}`, import.meta.url));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text());
  }
} else {
  process.stdout.write(renderInstall({ image: values.image }));
}
