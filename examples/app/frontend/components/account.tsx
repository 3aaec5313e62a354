'use client';

import { useEffect, useState } from 'react';

/** Who is logged in, asked from the API with the token that the login left in local storage. */
export function Account() {
  const [name, setName] = useState<string>();
  useEffect(() => {
    const token = localStorage.getItem('auth_token');
    if (!token) return;
    fetch('/api/users/me', { headers: { Authorization: `Bearer ${token}` } })
      .then((response) => (response.ok ? (response.json() as Promise<{ name: string }>) : undefined))
      .then((user) => setName(user?.name))
      .catch(() => setName(undefined));
  }, []);
  return name ? <span>سلام {name}</span> : null;
}
