import Image from 'next/image';
import { notFound } from 'next/navigation';
import { AddToCart } from '../../../components/cart';
import { Unavailable } from '../../../components/unavailable';
import { getProduct } from '../../../lib/api';
import { count, toman } from '../../../lib/format';

export const dynamic = 'force-dynamic';

export default async function ProductDetails({ params }: { params: Promise<{ id: string }> }) {
  const product = await getProduct((await params).id);
  if (product === null) notFound();
  if (product === undefined) return <Unavailable />;
  return (
    <article className="product">
      <Image src="/hero.jpg" alt={product.name} width={600} height={200} />
      <h1>{product.name}</h1>
      <p>{product.description}</p>
      <p>
        امتیاز {count(Number(product.rating))} از {count(5)}، {count(product.sold)} فروش، {count(product.stock)} عدد موجود
      </p>
      <strong>{toman(product.price)}</strong>
      <AddToCart id={product.id} disabled={product.stock === 0} />
    </article>
  );
}
