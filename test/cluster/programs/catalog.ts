/** Versions of what is built; that of etcd stands in go/kubernetes/go.mod. */
export const versions = {
  kubernetes: '1.35.4',
  coredns: '1.15.0',
  localPath: '0.0.30',
} as const;

/** Programs that come out of one set of modules, and share a folder of the cache. */
export interface ProgramSet {
  name: string;
  /** Folder with go.mod and go.sum, or the version of the module that the program is in. */
  source: { folder: string } | { version: string };
  linkerFlags: string[];
  /** Package by program name. */
  programs: Record<string, string>;
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
