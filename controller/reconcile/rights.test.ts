import { describe, expect, it } from 'vitest';
import type { AccessQuestion } from '../cluster/port.ts';
import { checkRights } from './rights.ts';

const clusterThat = (allows: (question: AccessQuestion) => boolean) => ({
  mayI: async (question: AccessQuestion) => allows(question),
});
const isSecret = ({ kind }: AccessQuestion) => kind === 'Secret';

describe('the rights at the start', () => {
  it('are well when all are there', async () => {
    await expect(
      checkRights(
        clusterThat(() => true),
        undefined,
      ),
    ).resolves.toBeUndefined();
  });

  it('names what is missing, where, and what to do', async () => {
    const cluster = clusterThat((question) => !(isSecret(question) && question.namespace === 'shop'));
    await expect(checkRights(cluster, ['blog', 'shop'])).rejects.toThrow(
      /^the operator lacks rights in namespace shop: get secrets, create secrets; install Role and RoleBinding there, or take shop out of PITCREW_NAMESPACES$/,
    );
  });

  it('asks for all namespaces where none is named', async () => {
    const cluster = clusterThat(({ namespace, ...question }) => !(isSecret(question) && namespace === undefined));
    await expect(checkRights(cluster, undefined)).rejects.toThrow(
      /in all namespaces: get secrets, create secrets; install the ClusterRole/,
    );
  });

  it('keeps the line short where nothing is allowed', async () => {
    const refused = checkRights(
      clusterThat(() => false),
      ['shop', 'blog'],
    );
    await expect(refused).rejects.toThrow(
      /namespace shop: list performanceprofiles, watch performanceprofiles, patch performanceprofiles\/status, .* and \d+ more;.*; the operator lacks rights in namespace blog: /,
    );
  });
});
