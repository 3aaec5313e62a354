import { beforeAll, describe, expect, it } from 'vitest';
import { e2eStage, removeOtherProfiles } from '../support/e2e-stage.ts';
import { waitFor } from '../support/kubectl.ts';
import { applyProfile, patchSpec, smallProfile } from '../support/profiles.ts';
import {
  type Condition,
  conditionOf,
  type ProfileView,
  prepareNamespace,
  type Stage,
  waitReady,
} from '../support/stage.ts';

/** What cannot work: named, with object and cause; stalled after the deadline; recovered by itself. */
let stage: Stage;
const namespace = 'trouble';
const name = 'shop';
const at = { namespace, name };

beforeAll(async () => {
  stage = await e2eStage();
  await removeOtherProfiles(stage.kubectl, namespace);
  await prepareNamespace(stage.kubectl, namespace, 'unused-tls', ['shop.example']);
  await applyProfile(stage.kubectl, smallProfile(name, namespace));
  await waitReady(stage.kubectl, namespace, name);
});

const until = (type: string, status: string, message: RegExp): Promise<Condition> =>
  waitFor(`${type}=${status} with ${message}`, async () => {
    const found = await conditionOf(stage.kubectl, namespace, name, type);
    if (found?.status === status && message.test(found.message)) return found;
    throw new Error(`${found?.status} ${found?.reason}: ${found?.message}`);
  });

describe('a pool that exceeds the connections', () => {
  it('is refused with both numbers and a fix, and what ran keeps running', async () => {
    const before = await stage.kubectl.run(
      'get',
      'deployment',
      `${name}-backend`,
      '-n',
      namespace,
      '-o',
      'jsonpath={.metadata.generation}',
    );
    await patchSpec(stage.kubectl, at, {
      backend: { workers: 4, pool: { size: 10, maxOverflow: 20 }, resources: { limits: { memory: '1Gi' } } },
      postgres: { maxConnections: 100 },
    });
    const valid = await until('Valid', 'False', /INV-05.*120.*92/s);
    expect(valid.message).toMatch(/backend\.pool\.size to 6 and backend\.pool\.maxOverflow to 5/);
    expect((await until('Stalled', 'True', /INV-05/)).reason).toBeTruthy();
    expect(
      await stage.kubectl.run(
        'get',
        'deployment',
        `${name}-backend`,
        '-n',
        namespace,
        '-o',
        'jsonpath={.metadata.generation}',
      ),
    ).toBe(before);
    await patchSpec(stage.kubectl, at, { backend: { workers: 1, pool: null }, postgres: { maxConnections: null } });
    await waitReady(stage.kubectl, namespace, name);
  });
});

describe('a Secret that is missing', () => {
  it('is named at once, and its arrival is enough', async () => {
    await patchSpec(stage.kubectl, at, { edge: { tls: { secretName: 'shop-tls' } } });
    const ready = await until('Ready', 'False', /shop-tls/);
    expect(ready.message).toMatch(/Secret/);
    await until('Stalled', 'True', /shop-tls/);
    await prepareNamespace(stage.kubectl, namespace, 'shop-tls', ['shop.example']);
    const profile: ProfileView = await waitReady(stage.kubectl, namespace, name);
    expect(profile.status?.conditions?.find((condition) => condition.type === 'Stalled')?.status).toBe('False');
  });
});

describe('an image that cannot be pulled', () => {
  it('is named with pod and image; the old pods keep serving; the right image is enough', async () => {
    await patchSpec(stage.kubectl, at, { frontend: { image: 'localhost/no-such-image:1' } });
    await until('Ready', 'False', /localhost\/no-such-image:1/);
    await until('Stalled', 'True', /no-such-image/);
    const available = await stage.kubectl.run(
      'get',
      'deployment',
      `${name}-frontend`,
      '-n',
      namespace,
      '-o',
      'jsonpath={.status.availableReplicas}',
    );
    expect(available).toBe('1');
    await patchSpec(stage.kubectl, at, { frontend: { image: 'localhost/bahamm-frontend:2.0' } });
    await waitReady(stage.kubectl, namespace, name);
  });
});

describe('a volume that cannot bind', () => {
  it('is named with the claim, and binds when the class arrives', async () => {
    const other = smallProfile('unbound', namespace);
    await applyProfile(stage.kubectl, {
      ...other,
      spec: {
        ...other.spec,
        postgres: { ...other.spec.postgres, storage: { size: '1Gi', storageClassName: 'later' } },
      },
    });
    const ready = await waitFor('the claim to be named', async () => {
      const found = await conditionOf(stage.kubectl, namespace, 'unbound', 'Ready');
      return found?.status === 'False' && /data-unbound-postgres-0/.test(found.message) ? found : undefined;
    });
    expect(ready.message).toMatch(/later/);
    const classes = await stage.kubectl.get<{ items: Array<{ provisioner: string }> }>('storageclass');
    const storageClass = {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'later' },
      provisioner: classes?.items[0]?.provisioner,
      volumeBindingMode: 'WaitForFirstConsumer',
    };
    await stage.kubectl.pipe(JSON.stringify(storageClass), 'apply', '-f', '-');
    await waitReady(stage.kubectl, namespace, 'unbound', 240_000);
    await stage.kubectl.run('delete', 'wperf', 'unbound', '-n', namespace);
    await stage.kubectl.run('delete', 'storageclass', 'later');
  });
});
