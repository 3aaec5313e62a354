import Link from 'next/link';

export default function NotFound() {
  return (
    <p className="notice">
      چنین صفحه‌ای نداریم. <Link href="/">بازگشت به فروشگاه</Link>
    </p>
  );
}
