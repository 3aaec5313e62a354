/** Identity of the custom resource; every other name with the group in it is built from these. */
export const GROUP = 'performance.bahamm.ir';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}`;
export const KIND = 'PerformanceProfile';
export const PLURAL = 'performanceprofiles';
export const SINGULAR = 'performanceprofile';
export const SHORT_NAME = 'wperf';
