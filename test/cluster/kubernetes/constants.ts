/** Networks inside a cluster, the same as k3s has by default. */
export const podNetwork = '10.42.0.0/16';
export const nodePodNetwork = '10.42.0.0/24';
export const serviceNetwork = '10.43.0.0/16';
export const dnsAddress = '10.43.0.10';

export const apiPort = 6443;
