import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { manifestOf } from './manifest.ts';
import { readFacts, readProfiles } from './offline.ts';
import { synthesize } from './synthesize.ts';

/**
 * What `cdk8s synth` runs (cdk8s.yaml): PROFILE names the file, FACTS optionally the facts. Writes one
 * manifest a profile into the folder that cdk8s names, with the very bytes of `pitcrew render`.
 */
const folder = process.env.CDK8S_OUTDIR ?? 'dist';
const facts = readFacts(process.env.FACTS);
mkdirSync(folder, { recursive: true });
for (const profile of readProfiles(process.env.PROFILE ?? 'examples/bahamm-seed.yaml')) {
  const objects = synthesize(profile, facts).objects.map(({ object }) => object);
  writeFileSync(join(folder, `${profile.metadata.name}.k8s.yaml`), manifestOf(objects));
}
