import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { objectionable } from './licences.ts';
import { LICENCES_FILE, type ReleaseRecords, releaseRecords } from './main.ts';

const folders = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'pitcrew-release-')));
let first: ReleaseRecords;
let second: ReleaseRecords;

beforeAll(async () => {
  const [one = '', two = ''] = folders;
  first = await releaseRecords(one);
  second = await releaseRecords(two);
});

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe('a release', () => {
  it('is the same to the byte wherever it is built: its files, its licences, its bill of materials', () => {
    expect(second).toEqual(first);
  });

  it(`lists the licences of what is bundled in ${LICENCES_FILE} (make sbom renews it)`, () => {
    expect(readFileSync(join(import.meta.dirname, '..', LICENCES_FILE), 'utf8')).toBe(first.licences);
  });

  it('has a bill of materials that the schema of CycloneDX takes', async () => {
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    expect(await validator.validate(JSON.stringify(first.sbom))).toBeNull();
    expect(await validator.validate(JSON.stringify({ ...first.sbom, serialNumber: 'none' }))).not.toBeNull();
  });

  it('names what it is made of', () => {
    const names = first.packages.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['cdk8s', 'constructs', 'pg', 'undici', 'zod']));
    expect(names).not.toContain('vitest');
  });

  it('refuses licences that are not known to be harmless', () => {
    const [one] = first.packages;
    if (one === undefined) throw new Error('nothing is bundled');
    expect(objectionable([{ ...one, licence: 'AGPL-3.0-only' }])).toEqual([
      `${one.name} ${one.version} (AGPL-3.0-only)`,
    ]);
  });
});
