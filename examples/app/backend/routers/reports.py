from fastapi import APIRouter, Depends, Query
from sqlalchemy import text
from sqlalchemy.orm import Session

from database import get_db

router = APIRouter(prefix="/api/reports", tags=["reports"])

# Sales per product with the rank inside its category and the share of the category's turnover.
TOP_PRODUCTS = text(
    """
    WITH sales AS (
        SELECT p.id, p.name, c.name AS category,
               sum(i.quantity) AS sold,
               sum(i.quantity * i.unit_price) AS turnover,
               count(DISTINCT o.user_id) AS buyers,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY o.total) AS median_order
        FROM order_items i
        JOIN orders o ON o.id = i.order_id
        JOIN products p ON p.id = i.product_id
        JOIN categories c ON c.id = p.category_id
        GROUP BY p.id, p.name, c.name
    )
    SELECT id, name, category, sold, turnover, buyers, median_order,
           rank() OVER (PARTITION BY category ORDER BY turnover DESC) AS rank_in_category,
           round(100 * turnover / sum(turnover) OVER (PARTITION BY category), 2) AS share_percent
    FROM sales
    ORDER BY turnover DESC, id
    LIMIT :limit
    """
)


@router.get("/top-products")
def top_products(limit: int = Query(10, ge=1, le=100), db: Session = Depends(get_db)):
    return [dict(row) for row in db.execute(TOP_PRODUCTS, {"limit": limit}).mappings()]
