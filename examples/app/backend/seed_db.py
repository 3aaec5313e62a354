"""Creates the tables that are missing and fills an empty database with the shop's sample data.

Safe to run before every start: nothing happens when the data is there.
"""

import random
import sys
import time
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import OperationalError

from database import Base, SessionLocal, engine
from models import Category, Order, OrderItem, Product, User
from passwords import hash_password

PRODUCTS_PER_CATEGORY = 100
ORDERS = 6000
EPOCH = datetime(2026, 1, 1, tzinfo=timezone.utc)

CATEGORIES = {
    "carpets": ("فرش و گلیم", ["فرش دستباف", "گلیم", "گبه", "قالیچه"], (4_000_000, 90_000_000)),
    "ceramics": ("سفال و سرامیک", ["کاسه سفالی", "گلدان", "بشقاب سرامیکی", "کوزه"], (150_000, 3_000_000)),
    "saffron": ("زعفران و ادویه", ["زعفران", "هل سبز", "دارچین", "زردچوبه"], (80_000, 2_500_000)),
    "sweets": ("شیرینی و سوغات", ["گز", "سوهان", "باقلوا", "نان برنجی"], (120_000, 900_000)),
    "nuts": ("خشکبار", ["پسته", "بادام", "گردو", "انجیر خشک"], (200_000, 1_800_000)),
    "metalwork": ("صنایع فلزی", ["سینی مسی", "قلم‌زنی", "میناکاری", "سماور"], (500_000, 20_000_000)),
    "textiles": ("پارچه و ترمه", ["ترمه", "شال پشمی", "رومیزی قلمکار", "روسری ابریشمی"], (300_000, 7_000_000)),
    "tea": ("چای و دمنوش", ["چای سیاه", "گل‌گاوزبان", "بهارنارنج", "چای سبز"], (60_000, 600_000)),
}
ORIGINS = ["اصفهان", "شیراز", "کرمان", "یزد", "تبریز", "مشهد", "رشت", "کاشان", "قم", "همدان"]
QUALITIES = ["ممتاز", "درجه یک", "سنتی", "هدیه‌ای", "ویژه"]
SAMPLE_USERS = [("alice", "Alice"), ("bob", "Bob"), ("maryam", "مریم"), ("reza", "رضا"), ("sara", "سارا")]


def wait_for_database(seconds: int = 30) -> None:
    """Compose starts everything at once, so the database may not answer yet."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))
            return
        except OperationalError as error:
            if time.monotonic() > deadline:
                sys.exit(f"database is not reachable: {error.orig}")
            time.sleep(1)


def user_rows() -> list[dict]:
    return [
        {
            "email": f"{login}@example.com",
            "name": name,
            "password_hash": hash_password(f"{login}-secret", salt=login),
            "token": f"token-{login}",
        }
        for login, name in SAMPLE_USERS
    ]


def product_rows(rng: random.Random, category_ids: dict[str, int]) -> list[dict]:
    rows = []
    for slug, (category_name, kinds, (low, high)) in CATEGORIES.items():
        for number in range(PRODUCTS_PER_CATEGORY):
            kind, origin, quality = kinds[number % len(kinds)], rng.choice(ORIGINS), rng.choice(QUALITIES)
            rows.append(
                {
                    "category_id": category_ids[slug],
                    "name": f"{kind} {quality} {origin}",
                    "description": f"{kind} {quality} از {origin}، در دسته‌ی {category_name}. کد کالا {number + 1}.",
                    "price": Decimal(rng.randrange(low, high, 10_000)),
                    "stock": rng.randrange(0, 200),
                    "rating": Decimal(rng.randrange(250, 501)) / 100,
                    "sold": 0,
                    "created_at": EPOCH - timedelta(hours=rng.randrange(0, 24 * 365)),
                }
            )
    return rows


def order_rows(rng: random.Random, user_ids: list[int], products: list[Product]) -> tuple[list[dict], list[dict]]:
    orders, items = [], []
    for number in range(1, ORDERS + 1):
        chosen = rng.sample(products, rng.randrange(1, 6))
        lines = [
            {"order_id": number, "product_id": p.id, "quantity": rng.randrange(1, 4), "unit_price": p.price}
            for p in chosen
        ]
        items += lines
        orders.append(
            {
                "id": number,
                "user_id": rng.choice(user_ids),
                "customer": rng.choice(SAMPLE_USERS)[1],
                "total": sum(line["quantity"] * line["unit_price"] for line in lines),
                "created_at": EPOCH - timedelta(minutes=rng.randrange(0, 60 * 24 * 90)),
            }
        )
    return orders, items


def fill(db) -> None:
    rng = random.Random(1405)
    user_ids = list(db.scalars(insert(User).returning(User.id), user_rows()))
    categories = [{"slug": slug, "name": name} for slug, (name, _, _) in CATEGORIES.items()]
    db.execute(insert(Category), categories)
    category_ids = dict(db.execute(select(Category.slug, Category.id)).all())
    db.execute(insert(Product), product_rows(rng, category_ids))
    products = list(db.scalars(select(Product).order_by(Product.id)))
    orders, items = order_rows(rng, user_ids, products)
    db.execute(insert(Order), orders)
    db.execute(insert(OrderItem), items)
    # The orders came with their numbers, so the sequence has to catch up.
    db.execute(text("SELECT setval(pg_get_serial_sequence('orders', 'id'), (SELECT max(id) FROM orders))"))
    db.execute(
        text(
            "UPDATE products SET sold = s.sold FROM "
            "(SELECT product_id, sum(quantity) AS sold FROM order_items GROUP BY product_id) s "
            "WHERE s.product_id = products.id"
        )
    )


def main() -> None:
    wait_for_database()
    with SessionLocal() as db, db.begin():
        # Two starts at once must not fill the tables twice.
        db.execute(text("SELECT pg_advisory_xact_lock(140501)"))
        Base.metadata.create_all(db.connection())
        if db.scalar(select(func.count()).select_from(Product)):
            print("database already has data, nothing to do")
            return
        fill(db)
    print(f"seeded {len(CATEGORIES) * PRODUCTS_PER_CATEGORY} products and {ORDERS} orders")


if __name__ == "__main__":
    main()
