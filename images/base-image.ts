import { createHash } from 'node:crypto';
import type { Suite } from './catalog.ts';

/**
 * How to make the slim Debian of a suite where no registry serves it: the same package set and the same omissions,
 * from Debian's own archive (mmdebstrap knows where that is).
 */
export function baseImageArgs(suite: Suite, tarball: string, frozenArchive: boolean): string[] {
  const omitted = ['doc', 'info', 'man', 'locale'].map((folder) => `path-exclude=/usr/share/${folder}/*`);
  const dpkgOptions = [...omitted, 'path-include=/usr/share/doc/*/copyright'].map((option) => `--dpkgopt=${option}`);
  return [
    '--variant=minbase',
    // The official image lacks the certificates. Here pip and npm need them, mounted over this folder during a build.
    '--include=ca-certificates',
    ...(frozenArchive ? ['--aptopt=Acquire::Check-Valid-Until "false"'] : []),
    ...dpkgOptions,
    // The leniency above is for this one run; Dockerfiles say for themselves what they accept.
    '--customize-hook=rm -f "$1/etc/apt/apt.conf.d/99mmdebstrap"',
    // As in the official image: apt's caches would add 90 MB to every layer that installs something.
    `--customize-hook=echo '${aptWithoutCaches}' > "$1/etc/apt/apt.conf.d/docker-clean"`,
    '--customize-hook=rm -f "$1"/var/cache/apt/*.bin',
    // Copied from this machine for the installation; they say nothing about the image.
    '--customize-hook=rm -f "$1/etc/hostname" "$1/etc/resolv.conf"',
    suite,
    tarball,
  ];
}

const aptWithoutCaches =
  'Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache ""; DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb"; };';

/** Changes when the recipe does, so that a base of an older recipe is made anew. */
export function baseRecipeHash(suite: Suite, frozenArchive: boolean): string {
  return createHash('sha256')
    .update(JSON.stringify(baseImageArgs(suite, '', frozenArchive)))
    .digest('hex')
    .slice(0, 16);
}
