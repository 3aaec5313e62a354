import math
from datetime import datetime
from decimal import Decimal

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from database import get_db
from models import Category, Product

router = APIRouter(prefix="/api/products", tags=["products"])

PAGE_SIZE = 24


class CategoryOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    slug: str
    name: str


class ProductOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    description: str
    price: Decimal
    stock: int
    rating: Decimal
    sold: int
    created_at: datetime
    category: CategoryOut


class Facet(BaseModel):
    slug: str
    name: str
    count: int
    cheapest: Decimal
    dearest: Decimal


class ProductPage(BaseModel):
    items: list[ProductOut]
    facets: list[Facet]
    total: int
    page: int
    pages: int


def popularity(product: Product, best_sold: int) -> float:
    """Well rated and well sold first; what is sold out goes down."""
    sold = math.log1p(product.sold) / math.log1p(best_sold or 1)
    rating = (float(product.rating) / 5) ** 2
    return (0.6 * sold + 0.4 * rating) * (1.0 if product.stock else 0.3)


def ranked(products: list[Product], sort: str) -> list[Product]:
    if sort == "price":
        return sorted(products, key=lambda p: (p.price, p.id))
    if sort == "-price":
        return sorted(products, key=lambda p: (-p.price, p.id))
    if sort == "newest":
        return sorted(products, key=lambda p: (p.created_at, p.id), reverse=True)
    best_sold = max((p.sold for p in products), default=1)
    return sorted(products, key=lambda p: (-popularity(p, best_sold), p.id))


def facets_of(products: list[Product]) -> list[dict]:
    """What the filter beside the list shows: each category with its number of products and price range."""
    prices: dict[tuple[str, str], list[Decimal]] = {}
    for product in products:
        prices.setdefault((product.category.slug, product.category.name), []).append(product.price)
    return [
        {"slug": slug, "name": name, "count": len(found), "cheapest": min(found), "dearest": max(found)}
        for (slug, name), found in sorted(prices.items())
    ]


@router.get("", response_model=ProductPage)
def list_products(
    category: str | None = None,
    page: int = Query(1, ge=1),
    sort: str = Query("popular", pattern="^(popular|price|-price|newest)$"),
    db: Session = Depends(get_db),
):
    query = select(Product)
    if category:
        query = query.join(Category).where(Category.slug == category)
    products = ranked(list(db.scalars(query)), sort)
    start = (page - 1) * PAGE_SIZE
    return {
        "items": products[start : start + PAGE_SIZE],
        "facets": facets_of(products),
        "total": len(products),
        "page": page,
        "pages": math.ceil(len(products) / PAGE_SIZE),
    }


@router.get("/{product_id}", response_model=ProductOut)
def get_product(product_id: int, db: Session = Depends(get_db)):
    product = db.get(Product, product_id)
    if product is None:
        raise HTTPException(404, "no such product")
    return product
