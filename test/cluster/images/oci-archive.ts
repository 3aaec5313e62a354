import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from '../host/run.ts';

/** An image of one layer: files on an empty root. */
export interface ScratchImage {
  name: string;
  entrypoint: string[];
  user: number;
  /** Source file on this machine by absolute path in the image; all become executable. */
  files: Record<string, string>;
  /** Names of a program that answers to several, by absolute path in the image. */
  links?: Record<string, string>;
}

/** A content address in an OCI image. */
export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  annotations?: Record<string, string>;
}

const mediaTypes = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  index: 'application/vnd.oci.image.index.v1+json',
};

/** The same files always give the same archive, and so the same digest. */
const reproducible = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--format=gnu'];

/** Writes a scratch image as an OCI archive. */
export async function writeScratchImage(image: ScratchImage, archive: string): Promise<void> {
  const work = `${archive}.build-${process.pid}`;
  const blobs = join(work, 'layout', 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true });
  try {
    const layer = await writeLayer(image, work, blobs);
    const config = writeBlob(blobs, mediaTypes.config, imageConfig(image, layer));
    const manifest = writeBlob(blobs, mediaTypes.manifest, {
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config,
      layers: [layer],
    });
    const layout = join(work, 'layout');
    writeFileSync(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
    writeFileSync(join(layout, 'index.json'), JSON.stringify(imageIndex(image.name, manifest)));
    await run('tar', [
      ...reproducible,
      '-C',
      layout,
      '-cf',
      join(work, 'archive.tar'),
      'oci-layout',
      'index.json',
      'blobs',
    ]);
    mkdirSync(dirname(archive), { recursive: true });
    renameSync(join(work, 'archive.tar'), archive);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The name and the digest of the image in an OCI archive. */
export async function readArchive(archive: string): Promise<{ name: string | undefined; digest: string }> {
  const text = await run('tar', ['-xOf', archive, 'index.json']).catch((error: unknown) => {
    throw new Error(`${archive} is not an OCI archive (make one by "buildah push NAME oci-archive:FILE:NAME")`, {
      cause: error,
    });
  });
  const { manifests = [] } = JSON.parse(text) as { manifests?: Descriptor[] };
  const [only] = manifests;
  if (only === undefined || manifests.length > 1) {
    throw new Error(`${archive} holds ${manifests.length} images: one is expected`);
  }
  const name =
    only.annotations?.['io.containerd.image.name'] ?? only.annotations?.['org.opencontainers.image.ref.name'];
  return { name, digest: only.digest };
}

async function writeLayer(image: ScratchImage, work: string, blobs: string): Promise<Descriptor> {
  const root = join(work, 'root');
  for (const [path, source] of Object.entries(image.files)) {
    await run('install', ['-D', '--mode=0755', source, join(root, path)]);
  }
  for (const [path, target] of Object.entries(image.links ?? {})) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    await run('ln', ['-s', target, join(root, path)]);
  }
  const file = join(work, 'layer.tar');
  await run('tar', [...reproducible, '-C', root, '-cf', file, '.']);
  const digest = await digestOf(file);
  renameSync(file, join(blobs, digest));
  return { mediaType: mediaTypes.layer, digest: `sha256:${digest}`, size: statSync(join(blobs, digest)).size };
}

function writeBlob(blobs: string, mediaType: string, content: unknown): Descriptor {
  const bytes = Buffer.from(JSON.stringify(content));
  const digest = createHash('sha256').update(bytes).digest('hex');
  writeFileSync(join(blobs, digest), bytes);
  return { mediaType, digest: `sha256:${digest}`, size: bytes.length };
}

function imageConfig(image: ScratchImage, layer: Descriptor) {
  return {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Entrypoint: image.entrypoint, Env: ['PATH=/bin'], User: `${image.user}:${image.user}` },
    // The layer is not compressed: what is stored is what is unpacked.
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
  };
}

function imageIndex(name: string, manifest: Descriptor) {
  const annotations = { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name };
  return { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [{ ...manifest, annotations }] };
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
