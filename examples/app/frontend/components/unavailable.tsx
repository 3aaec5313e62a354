export function Unavailable() {
  return <p className="notice">فروشگاه موقتاً در دسترس نیست. لطفاً کمی بعد دوباره سر بزنید.</p>;
}
