export type Category = { slug: string; name: string };

export type Product = {
  id: number;
  name: string;
  description: string;
  price: string;
  stock: number;
  rating: string;
  sold: number;
  category: Category;
};

export type Facet = Category & { count: number };

export type ProductPage = { items: Product[]; facets: Facet[]; total: number; page: number; pages: number };

/** Undefined when the API does not answer, null when it knows no such thing. */
async function get<T>(path: string): Promise<T | null | undefined> {
  // Read on each request: the same image runs against different backends.
  const api = process.env.API_URL ?? 'http://backend:8000';
  try {
    const response = await fetch(api + path, { cache: 'no-store', signal: AbortSignal.timeout(10_000) });
    if (response.status === 404 || response.status === 422) return null;
    if (!response.ok) throw new Error(`status ${response.status}`);
    return (await response.json()) as T;
  } catch (error) {
    console.error(`GET ${path}: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

export function getProducts(query: { category?: string; page?: string; sort?: string }) {
  const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value));
  return get<ProductPage>(`/api/products?${search}`);
}

export function getProduct(id: string) {
  return get<Product>(`/api/products/${encodeURIComponent(id)}`);
}
