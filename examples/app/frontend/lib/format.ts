const number = new Intl.NumberFormat('fa-IR');

export function toman(price: string): string {
  return `${number.format(Number(price))} تومان`;
}

export function count(value: number): string {
  return number.format(value);
}
