'use client';

import { useEffect, useState } from 'react';
import { count } from '../lib/format';

const storageKey = 'cart';
const changed = 'cart-changed';

function readCart(): number[] {
  try {
    return JSON.parse(localStorage.getItem(storageKey) ?? '[]') as number[];
  } catch {
    return [];
  }
}

export function AddToCart({ id, disabled }: { id: number; disabled: boolean }) {
  const add = () => {
    localStorage.setItem(storageKey, JSON.stringify([...readCart(), id]));
    window.dispatchEvent(new Event(changed));
  };
  return (
    <button type="button" onClick={add} disabled={disabled}>
      {disabled ? 'ناموجود' : 'افزودن به سبد'}
    </button>
  );
}

export function CartBadge() {
  const [items, setItems] = useState(0);
  useEffect(() => {
    const update = () => setItems(readCart().length);
    update();
    window.addEventListener(changed, update);
    return () => window.removeEventListener(changed, update);
  }, []);
  return <span className="cart">سبد خرید: {count(items)}</span>;
}
