import { milliCores } from '../../crds/units.ts';

/** S2: the side that serves keeps an idle connection longer than the side that uses it, by more than clocks and stalls differ. */
export const KEEPALIVE_MARGIN_SECONDS = 15;

/** A CPU quantity as a number of cores that threads can fill, at least one. */
export const wholeCores = (quantity: string | number): number => Math.max(1, Math.ceil(milliCores(quantity) / 1000));

export const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);
