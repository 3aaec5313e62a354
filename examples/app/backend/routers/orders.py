import logging
from decimal import Decimal

from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from database import get_db
from models import Order, OrderItem, Product, User
from routers.users import optional_user

router = APIRouter(prefix="/api/orders", tags=["orders"])
logger = logging.getLogger("shop.orders")


class OrderLine(BaseModel):
    product_id: int
    quantity: int = Field(1, ge=1, le=100)


class OrderIn(BaseModel):
    customer: str = Field(min_length=1, max_length=100)
    items: list[OrderLine] = Field(min_length=1, max_length=50)


class OrderOut(BaseModel):
    id: int
    customer: str
    total: Decimal


@router.post("", status_code=201, response_model=OrderOut)
def create_order(order: OrderIn, user: User | None = Depends(optional_user), db: Session = Depends(get_db)):
    wanted = {line.product_id for line in order.items}
    prices = {p.id: p.price for p in db.scalars(select(Product).where(Product.id.in_(wanted)))}
    if missing := wanted - prices.keys():
        raise HTTPException(404, f"no such product: {min(missing)}")
    total = sum(prices[line.product_id] * line.quantity for line in order.items)
    row = Order(customer=order.customer, user_id=user.id if user else None, total=total)
    row.items = [
        OrderItem(product_id=line.product_id, quantity=line.quantity, unit_price=prices[line.product_id])
        for line in order.items
    ]
    db.add(row)
    db.commit()
    logger.info("order %d over %s", row.id, row.total)
    return {"id": row.id, "customer": row.customer, "total": row.total}
