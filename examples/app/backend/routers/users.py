from fastapi import APIRouter, Depends, HTTPException, Request, Response
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from database import get_db
from models import User
from passwords import check_password

router = APIRouter(tags=["users"])


class Credentials(BaseModel):
    email: str
    password: str


def token_of(request: Request) -> str | None:
    """The shop's pages send a header from local storage; a plain form login has only the cookie."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value:
        return value.strip()
    return request.cookies.get("auth_token")


def optional_user(request: Request, db: Session = Depends(get_db)) -> User | None:
    token = token_of(request)
    return db.scalar(select(User).where(User.token == token)) if token else None


def current_user(user: User | None = Depends(optional_user)) -> User:
    if user is None:
        raise HTTPException(401, "please log in", headers={"WWW-Authenticate": "Bearer"})
    return user


@router.get("/api/users/me")
def me(user: User = Depends(current_user)):
    return {"id": user.id, "email": user.email, "name": user.name}


@router.post("/api/auth/login")
def login(credentials: Credentials, response: Response, db: Session = Depends(get_db)):
    user = db.scalar(select(User).where(User.email == credentials.email))
    if user is None or not check_password(credentials.password, user.password_hash):
        raise HTTPException(401, "wrong email or password")
    response.set_cookie("auth_token", user.token, max_age=7 * 24 * 3600, httponly=True, samesite="lax")
    return {"token": user.token, "name": user.name}
