import { writeFileSync } from 'node:fs';
import { GENERATED } from './generated-files.ts';

/** Writes what is generated from the schema. A test fails when the committed files differ. */
for (const { file, text } of GENERATED) writeFileSync(new URL(`../../${file}`, import.meta.url), text());
