import Image from 'next/image';
import Link from 'next/link';
import { AddToCart } from '../components/cart';
import { Unavailable } from '../components/unavailable';
import { getProducts, type ProductPage } from '../lib/api';
import { count, toman } from '../lib/format';

export const dynamic = 'force-dynamic';

type Query = { category?: string; page?: string; sort?: string };

export default async function Home({ searchParams }: { searchParams: Promise<Query> }) {
  const { category, page, sort } = await searchParams;
  const products = await getProducts({ category, page, sort });
  return (
    <>
      <section className="hero">
        <Image src="/hero.jpg" alt="نقش و نگار کاشی" width={1200} height={400} sizes="(max-width: 1100px) 100vw, 1100px" preload />
        <h1>سوغات هر شهر، دم در خانه</h1>
      </section>
      {products ? <Catalog products={products} category={category} sort={sort} /> : <Unavailable />}
    </>
  );
}

function Catalog({ products, category, sort }: { products: ProductPage; category?: string; sort?: string }) {
  return (
    <>
      <ul className="facets">
        {category && (
          <li>
            <Link href="/">همه‌ی دسته‌ها</Link>
          </li>
        )}
        {products.facets.map((facet) => (
          <li key={facet.slug}>
            <Link href={`/?category=${facet.slug}`}>
              {facet.name} ({count(facet.count)})
            </Link>
          </li>
        ))}
      </ul>
      <ul className="products">
        {products.items.map((product) => (
          <li key={product.id}>
            <Link href={`/products/${product.id}`}>{product.name}</Link>
            <small>{product.category.name}</small>
            <strong>{toman(product.price)}</strong>
            <AddToCart id={product.id} disabled={product.stock === 0} />
          </li>
        ))}
      </ul>
      <Pages products={products} category={category} sort={sort} />
    </>
  );
}

function Pages({ products: { page, pages }, category, sort }: { products: ProductPage; category?: string; sort?: string }) {
  const hrefOf = (target: number) => {
    const query = { ...(category && { category }), ...(sort && { sort }), page: String(target) };
    return `/?${new URLSearchParams(query)}`;
  };
  return (
    <p className="pages">
      {page > 1 && <Link href={hrefOf(page - 1)}>قبلی</Link>}
      <span>
        صفحه‌ی {count(page)} از {count(pages)}
      </span>
      {page < pages && <Link href={hrefOf(page + 1)}>بعدی</Link>}
    </p>
  );
}
