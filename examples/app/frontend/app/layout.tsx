import type { Metadata } from 'next';
import Link from 'next/link';
import type { ReactNode } from 'react';
import { Account } from '../components/account';
import { CartBadge } from '../components/cart';
import './globals.css';

export const metadata: Metadata = {
  title: 'باهم | فروشگاه سوغات و صنایع دستی',
  description: 'فرش، سفال، زعفران و سوغات شهرهای ایران',
};

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="fa" dir="rtl">
      <body>
        <header>
          <Link className="brand" href="/">
            باهم
          </Link>
          <nav>
            <Account />
            <CartBadge />
          </nav>
        </header>
        <main>{children}</main>
        <footer>باهم، فروشگاه سوغات و صنایع دستی</footer>
      </body>
    </html>
  );
}
