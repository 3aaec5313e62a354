/** Versions of what is built; that of etcd stands in go/kubernetes/go.mod. */
export const versions = {
  kubernetes: '1.35.4',
  coredns: '1.15.0',
  localPath: '0.0.30',
  helm: '4.3.1',
  kustomize: '5.8.2',
  argoCd: '3.6.1',
} as const;

/** Programs that come out of one set of modules, and share a folder of the cache. */
export interface ProgramSet {
  name: string;
  /** Folder with go.mod and go.sum, or the version of the module that the program is in. */
  source: { folder: string } | { version: string };
  linkerFlags: string[];
  /** Package by program name. */
  programs: Record<string, string>;
  /** What the programs read or call at run time. */
  assets?: ModuleAssets;
}

/** Files of a module that are put beside the programs built from it. */
export interface ModuleAssets {
  module: string;
  /** Name beside the programs by path of a file or folder in the module. */
  paths: Record<string, string>;
}

/** What a cluster without a node runs, and the tools to prepare and question it. */
export const controlPlanePrograms = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubectl',
  'kubeadm',
] as const;

const strip = ['-s', '-w'];

/** Kubernetes and etcd, in the versions of go/kubernetes/go.mod. */
export const kubernetesSet: ProgramSet = {
  name: 'kubernetes',
  source: { folder: 'kubernetes' },
  linkerFlags: [...strip, ...kubernetesStamps()],
  programs: {
    etcd: 'go.etcd.io/etcd/server/v3',
    ...Object.fromEntries(
      [...controlPlanePrograms.slice(1), 'kubelet', 'kube-proxy'].map((name) => [
        name,
        `k8s.io/kubernetes/cmd/${name}`,
      ]),
    ),
  },
};

/** The cluster's DNS. */
export const corednsSet: ProgramSet = {
  name: 'coredns',
  source: { version: versions.coredns },
  linkerFlags: strip,
  programs: { coredns: 'github.com/coredns/coredns' },
};

/** The storage that k3s has too. */
export const localPathSet: ProgramSet = {
  name: 'local-path',
  source: { version: versions.localPath },
  linkerFlags: [...strip, '-X', `main.VERSION=v${versions.localPath}`],
  programs: { 'local-path-provisioner': 'github.com/rancher/local-path-provisioner' },
};

/** The program that holds a pod's namespaces. */
export const pauseSet: ProgramSet = {
  name: 'pause',
  source: { folder: 'pause' },
  linkerFlags: strip,
  programs: { pause: '.' },
};

/** What renders charts. Built on demand, like all below: no cluster needs it. */
export const helmSet: ProgramSet = {
  name: 'helm',
  source: { folder: 'helm' },
  linkerFlags: [...strip, '-X', `helm.sh/helm/v4/internal/version.version=v${versions.helm}`],
  programs: { helm: 'helm.sh/helm/v4/cmd/helm' },
};

/** What builds kustomizations. */
export const kustomizeSet: ProgramSet = {
  name: 'kustomize',
  source: { folder: 'kustomize' },
  linkerFlags: [...strip, '-X', `sigs.k8s.io/kustomize/api/provenance.version=v${versions.kustomize}`],
  programs: { kustomize: 'sigs.k8s.io/kustomize/kustomize/v5' },
};

/** What Flux and others wait by, as a program. */
export const kstatusSet: ProgramSet = {
  name: 'kstatus',
  source: { folder: 'kstatus' },
  linkerFlags: strip,
  programs: { kstatus: '.' },
};

/** The operator's twin in Go, beside which `make bench` measures ours. Its sources lie with the bench. */
export const twinSet: ProgramSet = {
  name: 'twin',
  source: { folder: '../../bench/twin' },
  linkerFlags: strip,
  programs: { twin: '.' },
};

/** Argo CD, all parts in one program. */
export const argoCdSet: ProgramSet = {
  name: 'argocd',
  source: { folder: 'argocd' },
  linkerFlags: [...strip, '-X', `github.com/argoproj/argo-cd/v3/common.version=${versions.argoCd}`],
  programs: { argocd: 'github.com/argoproj/argo-cd/v3/cmd' },
  assets: {
    module: 'github.com/argoproj/argo-cd/v3',
    paths: {
      'manifests/crds': 'crds',
      'manifests/base/config': 'config',
      // The repo-server calls these two for every revision, whether signatures are checked or not.
      'hack/git-verify-wrapper.sh': 'git-verify-wrapper.sh',
      'hack/gpg-wrapper.sh': 'gpg-wrapper.sh',
    },
  },
};

/** Without these stamps the programs call themselves v0.0.0-master, and checks of version skew misfire. */
function kubernetesStamps(): string[] {
  const [major, minor] = versions.kubernetes.split('.');
  const values = {
    gitVersion: `v${versions.kubernetes}`,
    gitMajor: major,
    gitMinor: minor,
    gitTreeState: 'clean',
    gitCommit: 'unknown',
    buildDate: '1970-01-01T00:00:00Z',
  };
  return ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((path) =>
    Object.entries(values).flatMap(([name, value]) => ['-X', `${path}.${name}=${value}`]),
  );
}
